"""What EventBridge and its Scheduler say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from zoneinfo import available_timezones

from tests.template.iam import may, resource_allows
from tests.template.pattern_rules import TOPS, event_pattern, schedule_expression
from tests.template.stack import Finding, Resource, Stack

INPUTS: Final = ("Input", "InputPath", "InputTransformer")
# What a target's own policy must let EventBridge do; for others it takes a role.
BY_POLICY: Final = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
}
STATES: Final = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")


def events(stack: Stack) -> Iterator[Finding]:
    """Buses, rules and schedules."""
    yield from stack.each(
        {
            "Events::EventBus": _bus,
            "Events::Rule": _rule,
            "Scheduler::Schedule": _schedule,
        }
    )


def _bus(stack: Stack, one: Resource) -> Iterator[str]:
    del stack
    if not re.fullmatch(r"[/.\-_A-Za-z0-9]{1,256}", one.name) or one.name == "default":
        yield f"a bus may not be named {one.name}"


def _rule(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    bus = given.get("EventBusName", "default")
    if bus != "default" and not stack.named(bus, "Events::EventBus"):
        yield f"there is no bus {bus}"
    if given.get("State", "ENABLED") not in STATES:
        yield f"there is no state {given['State']}"
    if not {"EventPattern", "ScheduleExpression"} & set(given):
        yield "has neither a pattern nor a schedule"
    if "EventPattern" in given:
        yield from event_pattern(given["EventPattern"], TOPS["events"])
    if "ScheduleExpression" in given:
        yield from schedule_expression(str(given["ScheduleExpression"]), scheduler=False)
        if bus != "default":
            yield "a schedule works on the default bus only"
    targets = given.get("Targets") or []
    ids = [each.get("Id") for each in targets]
    if len(targets) > 5 or len(set(ids)) != len(ids):
        yield "has more than five targets, or two with one id"
    for each in targets:
        yield from _target(stack, one, each)


def _target(stack: Stack, rule: Resource, target: dict[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"[.\-_A-Za-z0-9]{1,64}", str(target.get("Id"))):
        yield f"a target may not be named {target.get('Id')}"
    if sum(name in target for name in INPUTS) > 1:
        yield "a target gets its input in one way"
    if not re.fullmatch(r"\$(\.[\w-]+|\[\d+\])*", str(target.get("InputPath", "$"))):
        yield f"{target['InputPath']} is no path"
    yield from _json(target.get("Input"))
    arn = str(target.get("Arn"))
    yield from _is_let_in(stack, rule, arn, target.get("RoleArn"))
    queue = stack.named(arn, "SQS::Queue")
    if queue and queue.properties.get("FifoQueue") and "SqsParameters" not in target:
        yield "a FIFO queue needs a message group"
    dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters is not None:
        if not stack.named(dead_letters, "SQS::Queue"):
            yield f"there is no dead-letter queue {dead_letters}"
        yield from _is_let_in(stack, rule, str(dead_letters), None)


def _is_let_in(stack: Stack, rule: Resource, arn: str, role: Any) -> Iterator[str]:
    """The target is there, and its policy or the role lets the rule in."""
    service = arn.split(":")[2] if arn.count(":") > 4 else ""
    target = stack.named(arn)
    if target is None:
        yield f"there is no target {arn}"
        return
    if role is not None:
        return
    action = BY_POLICY.get(service)
    if action is None:
        yield f"a target of {service} needs a role"
        return
    owners = [target.logical_id, *_policies_of(stack, target)]
    if service == "lambda":
        let = any(
            one.properties.get("Principal") == "events.amazonaws.com"
            and stack.named(one.properties.get("FunctionName")) is target
            and one.properties.get("SourceArn", rule.arn) == rule.arn
            for one in stack.of("Lambda::Permission")
        )
    else:
        let = resource_allows(stack, owners, "events.amazonaws.com", action, arn, rule.arn)
    if not let:
        yield f"{' with '.join(owners)} does not let this rule {action}"


def _policies_of(stack: Stack, target: Resource) -> list[str]:
    return [
        one.logical_id
        for one in stack.of("SQS::QueuePolicy", "SNS::TopicPolicy")
        for names in (one.properties.get("Queues"), one.properties.get("Topics"))
        if target.ref in (names or [])
    ]


def _schedule(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    yield from schedule_expression(str(given.get("ScheduleExpression")), scheduler=True)
    zone = given.get("ScheduleExpressionTimezone", "UTC")
    if zone not in available_timezones():
        yield f"there is no time zone {zone}"
    window = given.get("FlexibleTimeWindow") or {}
    if (window.get("Mode") == "FLEXIBLE") != ("MaximumWindowInMinutes" in window):
        yield "a flexible window has a length, and no other has"
    if window.get("Mode") not in ("OFF", "FLEXIBLE"):
        yield f"there is no window {window.get('Mode')}"
    if given.get("State", "ENABLED") == "DISABLED":
        yield "is switched off"
    groups = {other.name for other in stack.of("Scheduler::ScheduleGroup")}
    if given.get("GroupName", "default") not in {"default", *groups}:
        yield f"there is no group {given['GroupName']}"
    yield from _called(stack, given.get("Target") or {})


def _called(stack: Stack, target: dict[str, Any]) -> Iterator[str]:
    """What a schedule calls is there, and its role may call it."""
    retry = target.get("RetryPolicy") or {}
    for name, least, most in (
        ("MaximumEventAgeInSeconds", 60, 86_400),
        ("MaximumRetryAttempts", 0, 185),
    ):
        if name in retry and not least <= int(retry[name]) <= most:
            yield f"{name} of {retry[name]} is not between {least} and {most}"
    yield from _json(target.get("Input"))
    arn, role = str(target.get("Arn")), str(target.get("RoleArn"))
    function = stack.named(arn, "Lambda::Function")
    if function is None and not stack.named(arn, "SQS::Queue"):
        yield f"there is no target {arn}"
    elif not may(stack, role, "lambda:InvokeFunction" if function else "sqs:SendMessage", arn):
        yield f"its role may not call {arn}"
    dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters is not None and not may(stack, role, "sqs:SendMessage", str(dead_letters)):
        yield f"its role may not send to {dead_letters}"


def _json(text: Any) -> Iterator[str]:
    if text is None:
        return
    try:
        json.loads(str(text))
    except ValueError:
        yield f"{text} is no JSON"
