"""What holds for resources of every type: ARNs, names, tags, and roles that a service may take."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from tests.template.iam import Request, allows, documents
from tests.template.physical import name_property
from tests.template.stack import Finding, Resource, Stack

# Services of whose ARNs every one that is in this account and region must be made by the stack.
OWN: Final = {
    "cloudwatch",
    "dynamodb",
    "events",
    "iam",
    "lambda",
    "logs",
    "scheduler",
    "sns",
    "sqs",
}
_DYNAMIC: Final = re.compile(
    r"\{\{resolve:(ssm:[\w./-]+(:\d+)?|ssm-secure:[\w./-]+(:\d+)?"
    r"|secretsmanager:[^{}\s]+)\}\}"
)
_KEY_NAME: Final = re.compile(r"^K[mM][sS].*Key(Id|Arn|Identifier)$")
_KEY: Final = re.compile(
    r"alias/[\w/-]+|arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)/[\w/-]+"
    r"|(mrk-)?[0-9a-f]{8}-?[0-9a-f-]{23,27}"
)
# What a name of each type may hold.
NAMES: Final = {
    "AWS::SecretsManager::Secret": r"[\w/+=.@-]{1,512}",
    "AWS::SQS::Queue": r"[\w-]{1,80}|[\w-]{1,75}\.fifo",
    "AWS::SNS::Topic": r"[\w-]{1,256}|[\w-]{1,251}\.fifo",
    "AWS::CloudWatch::Dashboard": r"[\w-]{1,255}",
    "AWS::CloudWatch::Alarm": r".{1,255}",
    "AWS::Scheduler::Schedule": r"[\w.-]{1,64}",
    "AWS::Events::Rule": r"[\w.-]{1,64}",
    "AWS::Lambda::Function": r"[\w-]{1,64}",
    "AWS::IAM::Role": r"[\w+=,.@-]{1,64}",
    "AWS::IAM::ManagedPolicy": r"[\w+=,.@-]{1,128}",
}
# Type and path of a property that holds a role: the service that takes it.
TAKEN_BY: Final = {
    ("AWS::Lambda::Function", "Role"): "lambda",
    ("AWS::Scheduler::Schedule", "Target.RoleArn"): "scheduler",
    ("AWS::ApiGateway::Account", "CloudWatchRoleArn"): "apigateway",
    ("AWS::Events::Rule", "RoleArn"): "events",
    ("AWS::Events::Rule", "Targets.RoleArn"): "events",
    ("AWS::SNS::Subscription", "SubscriptionRoleArn"): "sns",
}


def texts(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a node with its path, without numbers of places in lists."""
    if isinstance(node, str | int | float) and not isinstance(node, bool):
        yield path, str(node)
    elif isinstance(node, list):
        for item in node:
            yield from texts(item, path)
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from texts(item, f"{path}.{key}" if path else str(key))


def general(stack: Stack) -> Iterator[Finding]:
    """All resources."""
    names: Counter[tuple[str, str]] = Counter()
    for one in stack.resources.values():
        for check in (_texts, _tags, _roles):
            yield from stack.handle_errors(one.logical_id, check, one)
        given = one.properties.get(name_property(one.kind))
        if isinstance(given, str):
            if not re.fullmatch(NAMES.get(one.kind, ".*"), given, re.ASCII):
                yield Finding(one.logical_id, f"a {one.kind} may not be named {given}")
            names[one.kind, given] += 1
            if names[one.kind, given] > 1 and not one.kind.startswith("AWS::ApiGateway"):
                yield Finding(one.logical_id, f"another {one.kind} is named {given} too")


def _texts(stack: Stack, one: Resource) -> Iterator[str]:
    for path, text in texts(one.properties):
        yield from (f"{path}: {why}" for why in _text(path, text))
        if text.startswith("arn:") and "Policy" not in path and "Statement" not in path:
            yield from (f"{path}: {why}" for why in _arn(stack, text))


def _text(path: str, text: str) -> Iterator[str]:
    last = path.rsplit(".", 1)[-1]
    if last.endswith(("Arn", "Arns")) and last != "aws:SourceArn" and not text.startswith("arn:"):
        yield f"{text!r} is no ARN"
    if _KEY_NAME.search(last) and not _KEY.fullmatch(text):
        yield f"{text!r} is no key of KMS"
    if text.startswith("arn:") and len(text.split(":", 5)) < 6:
        yield f"{text!r} is not a whole ARN"
    if "{{resolve:" in text and not _DYNAMIC.fullmatch(text):
        yield f"{text!r} is no reference that is resolved"
    if "${" in text and path.startswith(("DashboardBody", "EventPattern")):
        yield "holds a name that was not filled in"


def _arn(stack: Stack, text: str) -> Iterator[str]:
    """An ARN is in the stack's partition, region and account, and names something of the stack."""
    _, partition, service, region, account, *_ = [*text.split(":", 5), "", "", ""]
    if partition != stack.place.partition:
        yield f"{text} is in another partition"
    if service not in OWN or account == "aws" or "*" in text.removesuffix(":*"):
        return
    if region not in ("", stack.region) or account not in ("", stack.account):
        yield f"{text} is in another region or account"
    elif not any(_is_of(text, other.arn) for other in stack.resources.values()):
        yield f"{text} names nothing of this stack"


def _is_of(text: str, arn: str) -> bool:
    bare = arn.removesuffix(":*")
    return text == bare or text.startswith((f"{bare}/", f"{bare}:"))


def _tags(_: Stack, one: Resource) -> Iterator[str]:
    given = one.properties.get("Tags") or []
    pairs = (
        [(tag.get("Key"), tag.get("Value")) for tag in given if isinstance(tag, dict)]
        if isinstance(given, list)
        else list(given.items())
    )
    keys = [str(key) for key, __ in pairs]
    if len(keys) > 50 or len(set(keys)) != len(keys):
        yield "has more than 50 tags, or one twice"
    for key, value in pairs:
        if str(key).lower().startswith("aws:") or not 1 <= len(str(key)) <= 128:
            yield f"a tag may not be named {key}"
        if len(str(value)) > 256:
            yield f"the tag {key} is longer than 256 characters"


def _roles(stack: Stack, one: Resource) -> Iterator[str]:
    """Each role that is given to a service lets that service take it."""
    for path, text in texts(one.properties):
        service = TAKEN_BY.get((one.kind, path))
        if service is None:
            continue
        role = stack.named(text, "IAM::Role")
        if role is None:
            yield f"{path}: {text} is no role of this stack"
            continue
        trust = [
            each
            for each in documents(stack)
            if each.owner == role.logical_id and each.kind == "trust"
        ]
        source = one.arn
        if service == "scheduler":  # gives the ARN of the schedule's group
            source = source.rpartition("/")[0].replace(":schedule/", ":schedule-group/")
        context = {"aws:SourceAccount": stack.account, "aws:SourceArn": source}
        principal = f"{service}.amazonaws.com"
        if not allows(trust, Request("sts:assumerole", role.arn, principal, context)):
            yield f"{path}: {role.logical_id} does not let {principal} take it"
