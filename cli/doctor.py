"""Is everything there that payments need? One line for each thing: ok, or what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from cli import account, stack_state
from cli.elsom_urls import look_at_elsom
from cli.findings import Finding, bad, look_at, ok, warning
from cli.posting import post_json
from cli.secret import missing
from cli.target import Target

INDEXES: Final = {"due", "by-order", "by-created", "by-paid"}
# One that somebody has just looked at is hidden for a moment.
_WAITING: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def examine(target: Target) -> Iterator[Finding]:
    """Look at everything that a stack in this state can have; a look that fails is a finding too.

    Raises CliError where there is no stack.
    """
    status = target.described["StackStatus"]
    runs = status in stack_state.RUNS | stack_state.ROLLED_BACK | {"UPDATE_ROLLBACK_FAILED"}
    yield from look_at(target, LOOKS if runs or _is_updating(status) else BROKEN)


def _is_updating(status: str) -> bool:
    return status.startswith("UPDATE_")


def _secret(target: Target, name: str) -> Iterator[Finding]:
    wrong = missing(target.secret())
    if wrong:
        yield bad(name, f"not filled in: {', '.join(wrong)}", "run: setup")
    else:
        yield ok(name, "complete")
    if target.secret().get("previousCallbackToken"):
        yield warning(
            "old token",
            "the previous token is still accepted",
            "once Elsom's merchant portal has the new address: rotate-token --finish",
        )
    if len(target.secret().get("webhookSecrets") or ()) > 1:
        yield warning(
            "old webhook secret",
            "webhooks are still signed by the previous secret too",
            "once the shop checks with the new one: rotate-webhook-secret --finish",
        )


def _elsom(target: Target, name: str) -> Iterator[Finding]:
    yield from look_at_elsom(target, target.parameters, name)


def _concurrency(target: Target, name: str) -> Iterator[Finding]:
    yield from account.look_at_concurrency(target, target.parameters, name)


def _callback(target: Target, name: str) -> Iterator[Finding]:
    """An empty notification: refused for its content, so the token is known and nothing is kept."""
    url = target.portal_url(str(target.secret().get("callbackToken") or "none"))
    status, body = post_json(url, {})
    # The token is a secret: the address is shown without it.
    shown = f"{url.rpartition('/')[0]}/..."
    if status == 400 and body.get("Response", {}).get("ErrorCode", "0") != "0":
        yield ok(name, f"{shown} answers, and knows the token")
    elif status == 404:
        yield bad(name, f"{shown} does not know the token", "wait ten seconds and try again")
    elif status == 403:
        do = "from outside Elsom's addresses this is as it should be: see CallbackSourceCidrs"
        yield warning(name, f"{shown} lets nobody in from here", do)
    else:
        yield bad(name, f"{shown} answered {status}", "see the log of ElsomCallbackFunction")


def _schedule(target: Target, name: str) -> Iterator[Finding]:
    physical = target.resource("ScheduleChecksFunctionEveryMinute")
    state = target.client("scheduler").get_schedule(Name=physical)["State"]
    if state == "ENABLED":
        yield ok(name, "runs every minute")
    else:
        yield bad(name, "is switched off: nothing is checked", f"switch {physical} on again")


def _sources(target: Target, name: str) -> Iterator[Finding]:
    client = target.client("lambda")
    for function in ("CheckPayment", "DeliverWebhook", "PublishEvents"):
        physical = target.resource(f"{function}Function")
        found = client.list_event_source_mappings(FunctionName=physical)["EventSourceMappings"]
        states = {one["State"] for one in found}
        if states == {"Enabled"}:
            yield ok(f"{name} {function}", "gets its messages")
        else:
            say = f"gets no messages: {', '.join(sorted(states)) or 'no event source'}"
            yield bad(f"{name} {function}", say, "deploy again: make deploy")


def _table(target: Target, name: str) -> Iterator[Finding]:
    client = target.client("dynamodb")
    table = client.describe_table(TableName=target.outputs["PaymentsTableName"])["Table"]
    states = {
        one["IndexName"]: one.get("IndexStatus", "ACTIVE")
        for one in table.get("GlobalSecondaryIndexes", [])
    }
    if table["TableStatus"] != "ACTIVE":
        yield bad(name, f"is {table['TableStatus']}", "wait, or restore it: docs/runbook.md")
    elif set(states.values()) != {"ACTIVE"} or set(states) != INDEXES:
        shown = ", ".join(f"{index} {state}" for index, state in sorted(states.items()))
        yield bad(name, f"indexes: {shown}", "wait until all are ACTIVE")
    else:
        yield ok(name, "active, with all four indexes")
    if target.is_local:
        yield ok("backups", "none are kept on the local AWS")
        return
    backups = client.describe_continuous_backups(TableName=table["TableName"])
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    if recovery["PointInTimeRecoveryStatus"] == "ENABLED":
        yield ok("backups", "the table can be restored to any second of the last 35 days")
    else:
        yield bad("backups", "point-in-time recovery is off", "deploy again: make deploy")


def _dead_letters(target: Target, name: str) -> Iterator[Finding]:
    sqs = target.client("sqs")
    waiting = {}
    for url in target.outputs["DeadLetterQueueUrls"].split(","):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))["Attributes"]
        number = sum(int(found[name]) for name in _WAITING)
        if number:
            waiting[url.rpartition("/")[2]] = number
    if not waiting:
        yield ok(name, "no dead letters")
    for queue, number in waiting.items():
        yield warning(name, f"{number} messages in {queue}", "look at them: dead-letters show")


def _alarms(target: Target, name: str) -> Iterator[Finding]:
    wanted = {target.resources[one]: one for one in target.resources if one.endswith("Alarm")}
    pages = target.client("cloudwatch").get_paginator("describe_alarms").paginate()
    found = {
        one["AlarmName"]: one
        for page in pages
        for one in page["MetricAlarms"]
        if one["AlarmName"] in wanted
    }
    off = [wanted[one] for one in wanted if not found.get(one, {}).get("ActionsEnabled")]
    if off:
        yield bad(name, f"missing or switched off: {', '.join(off)}", "deploy again: make deploy")
    else:
        yield ok(name, f"all {len(wanted)} are on")
    for physical, alarm in found.items():
        if alarm["StateValue"] == "ALARM":
            entry = alarm["AlarmDescription"].rpartition("What to do: ")[2]
            yield warning(f"alarm {wanted[physical]}", "is ringing", f"read {entry}")
    yield from _listener(target)


def _listener(target: Target) -> Iterator[Finding]:
    topic = target.resources.get("AlarmTopic")
    if topic is None:
        do = "give the stack an AlarmEmail: make deploy"
        yield warning("alarm e-mail", "nobody is told of alarms", do)
        return
    found = target.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if any(one["SubscriptionArn"].startswith("arn:") for one in found):
        yield ok("alarm e-mail", "somebody is told of alarms")
    else:
        do = "click the link in the e-mail that AWS sent to AlarmEmail"
        yield warning("alarm e-mail", "the address has not agreed yet", do)


# ---------------------------------------------------------------- before the stack is deleted


def _caller_policy(target: Target, name: str) -> Iterator[Finding]:
    """CloudFormation cannot delete a policy that is attached to somebody."""
    policy = target.resource("PaymentsCallerPolicy")
    pages = target.client("iam").get_paginator("list_entities_for_policy")
    kinds = {"Role": "PolicyRoles", "User": "PolicyUsers", "Group": "PolicyGroups"}
    attached = [
        (kind, one[f"{kind}Name"])
        for page in pages.paginate(PolicyArn=policy)
        for kind, key in kinds.items()
        for one in page.get(key, [])
    ]
    if not attached:
        yield ok(name, "attached to nobody")
    for kind, who in attached:
        do = (
            f"take it off: aws iam detach-{kind.lower()}-policy"
            f" --{kind.lower()}-name {who} --policy-arn {policy}"
        )
        yield bad(name, f"attached to the {kind.lower()} {who}: the stack cannot be deleted", do)


def _open_payments(target: Target, name: str) -> Iterator[Finding]:
    """What nobody would query any more."""
    open_ones = [
        one["id"]
        for status in ("created", "start_unknown", "pending")
        for one in target.newest("/payments", {"status": status}, 1)
    ]
    if open_ones:
        do = "wait until it has an end, or Elsom is no longer queried about it"
        yield warning(name, f"{open_ones[0]} is open", do)
    else:
        yield ok(name, "none of the last 31 days")
    cases = target.services.cases.count_open()
    if cases:
        yield warning("open cases", f"{cases} wait for a person", "settle them: cases list")


def _kept(target: Target, name: str) -> Iterator[Finding]:
    for kind in ("PaymentsTable", "ElsomSecret"):
        yield ok(name, f"{target.resource(kind)} stays when the stack is deleted")


LOOKS: Final[dict[str, Callable[[Target, str], Iterator[Finding]]]] = {
    "stack": stack_state.look_at_stack,
    "secret": _secret,
    "Elsom": _elsom,
    "callback URL": _callback,
    "schedule": _schedule,
    "messages": _sources,
    "table": _table,
    "dead letters": _dead_letters,
    "alarms": _alarms,
    "Lambda concurrency": _concurrency,
}
# Of a stack that never came up, or is going, only this can be said.
BROKEN: Final[dict[str, Callable[[Target, str], Iterator[Finding]]]] = {
    "stack": stack_state.look_at_stack,
    "left behind": stack_state.look_at_leftovers,
    "Lambda concurrency": _concurrency,
}
BEFORE_DELETE: Final[dict[str, Callable[[Target, str], Iterator[Finding]]]] = {
    "caller policy": _caller_policy,
    "open payments": _open_payments,
    "kept": _kept,
}
