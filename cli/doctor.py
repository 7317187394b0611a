"""Is everything there that payments need? One line for each thing: ok, or what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cli import stack_state
from cli.account import look_at_concurrency
from cli.elsom_urls import look_at_elsom
from cli.findings import Finding, Look, bad, either, look_at, ok, warning
from cli.secret import missing
from cli.target import Target, post_json

INDEXES: Final = {"due", "by-order", "by-created", "by-paid"}
# One that somebody has just looked at is hidden for a moment.
_WAITING: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_AGAIN: Final = "deploy again: make deploy"
_SCHEDULE: Final = (
    "switch it on: aws scheduler get-schedule --name {name} --query"
    " '{{Name:Name,ScheduleExpression:ScheduleExpression,FlexibleTimeWindow:FlexibleTimeWindow,"
    "Target:Target}}' > schedule.json"
    " && aws scheduler update-schedule --cli-input-json file://schedule.json --state ENABLED"
)


def examine(target: Target) -> Iterator[Finding]:
    """Look at everything that a stack in this state can have; a look that fails is a finding too.

    Raises CliError where there is no stack.
    """
    status = target.described["StackStatus"]
    runs = status in stack_state.RUNS | stack_state.ROLLED_BACK or status.startswith("UPDATE_")
    yield from look_at(target, LOOKS if runs else BROKEN)


def _secret(target: Target) -> Iterator[Finding]:
    secret = target.secret()
    wrong = missing(secret)
    yield either(not wrong, "complete", f"not filled in: {', '.join(wrong)}", "./elsom setup")
    if secret.get("previousCallbackToken"):
        do = "once Elsom's merchant portal has the new address: ./elsom rotate-token --finish"
        yield warning("the previous token is still accepted", do, "old token")
    if len(secret.get("webhookSecrets") or ()) > 1:
        say = "webhooks are still signed by the previous secret too"
        do = "once the shop checks with the new one: ./elsom rotate-webhook-secret --finish"
        yield warning(say, do, "old webhook secret")


def _callback(target: Target) -> Finding:
    """An empty notification: refused for its content, so the token is known and nothing is kept."""
    url = target.portal_url(str(target.secret().get("callbackToken") or "none"))
    status, body = post_json(url, {})
    # The token is a secret: the address is shown without it.
    shown = f"{url.rpartition('/')[0]}/..."
    if status == 400 and body.get("Response", {}).get("ErrorCode", "0") != "0":
        return ok(f"{shown} answers, and knows the token")
    log = "the log of ElsomCallbackFunction says why"
    if status == 404:
        do = f"wait ten seconds and run ./elsom doctor again; if it persists, {log}"
        return bad(f"{shown} does not know the token", do)
    if status == 403:
        do = "from outside Elsom's addresses this is as it should be: see CallbackSourceCidrs"
        return warning(f"{shown} accepts no call from here", do)
    return bad(f"{shown} answered {status}", log)


def _schedule(target: Target) -> Finding:
    name = target.resource("ScheduleChecksFunctionEveryMinute")
    is_on = target.client("scheduler").get_schedule(Name=name)["State"] == "ENABLED"
    off = "is switched off: nothing is checked"
    return either(is_on, "runs every minute", off, _SCHEDULE.format(name=name))


def _sources(target: Target) -> Iterator[Finding]:
    client = target.client("lambda")
    for function in ("CheckPayment", "DeliverWebhook", "PublishEvents"):
        physical = target.resource(f"{function}Function")
        found = client.list_event_source_mappings(FunctionName=physical)["EventSourceMappings"]
        states = {one["State"] for one in found}
        none = f"gets no messages: {', '.join(sorted(states)) or 'no event source'}"
        is_on = states == {"Enabled"}
        yield either(is_on, "gets its messages", none, _AGAIN, f"messages {function}")


def _table(target: Target) -> Iterator[Finding]:
    client = target.client("dynamodb")
    table = client.describe_table(TableName=target.outputs["PaymentsTableName"])["Table"]
    found = table.get("GlobalSecondaryIndexes", [])
    states = {one["IndexName"]: one.get("IndexStatus", "ACTIVE") for one in found}
    if table["TableStatus"] != "ACTIVE":
        yield bad(f"is {table['TableStatus']}", "wait, or restore it: docs/runbook.md")
    else:
        well = states == dict.fromkeys(INDEXES, "ACTIVE")
        shown = ", ".join(f"{index} {state}" for index, state in sorted(states.items()))
        do = "wait until all are ACTIVE"
        yield either(well, "active, with all four indexes", f"indexes: {shown}", do)
    if target.is_local:
        yield ok("none are kept on the local AWS", "backups")
        return
    backups = client.describe_continuous_backups(TableName=table["TableName"])
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    is_on = recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    fine = "the table can be restored to any second of the last 35 days"
    yield either(is_on, fine, "point-in-time recovery is off", _AGAIN, "backups")


def _dead_letters(target: Target) -> Iterator[Finding]:
    sqs, is_empty = target.client("sqs"), True
    for url in target.outputs["DeadLetterQueueUrls"].split(","):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))["Attributes"]
        if number := sum(int(found[name]) for name in _WAITING):
            is_empty, queue = False, url.rpartition("/")[2]
            yield warning(f"{number} messages in {queue}", "./elsom dead-letters show")
    if is_empty:
        yield ok("no dead letters")


def _alarms(target: Target) -> Iterator[Finding]:
    wanted = {target.resources[one]: one for one in target.resources if one.endswith("Alarm")}
    pages = target.client("cloudwatch").get_paginator("describe_alarms").paginate()
    found = {
        wanted[one["AlarmName"]]: one
        for one in pages.search("MetricAlarms")
        if one["AlarmName"] in wanted
    }
    off = [one for one in wanted.values() if not found.get(one, {}).get("ActionsEnabled")]
    missing_ones = f"missing or switched off: {', '.join(off)}"
    yield either(not off, f"all {len(wanted)} are on", missing_ones, _AGAIN)
    for name, alarm in found.items():
        if alarm["StateValue"] == "ALARM":
            entry = alarm["AlarmDescription"].rpartition("What to do: ")[2]
            yield warning("is ringing", f"read {entry}", f"alarm {name}")
    yield _listener(target)


def _listener(target: Target) -> Finding:
    name, topic = "alarm e-mail", target.resources.get("AlarmTopic")
    if topic is None:
        return warning("nobody is told of alarms", "give an AlarmEmail: make deploy", name)
    found = target.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if any(one["SubscriptionArn"].startswith("arn:") for one in found):
        return ok("somebody is told of alarms", name)
    do = "click the link in the e-mail that AWS sent to AlarmEmail"
    return warning("the address has not agreed yet", do, name)


# ---------------------------------------------------------------- before the stack is deleted


def _caller_policy(target: Target) -> Iterator[Finding]:
    """CloudFormation cannot delete a policy that is attached to somebody."""
    policy = target.resource("PaymentsCallerPolicy")
    pages = target.client("iam").get_paginator("list_entities_for_policy")
    is_free = True
    for page in pages.paginate(PolicyArn=policy):
        for kind in ("Role", "User", "Group"):
            for one in page.get(f"Policy{kind}s", []):
                is_free, who, whom = False, one[f"{kind}Name"], kind.lower()
                do = (
                    f"take it off: aws iam detach-{whom}-policy"
                    f" --{whom}-name {who} --policy-arn {policy}"
                )
                yield bad(f"attached to the {whom} {who}: the stack cannot be deleted", do)
    if is_free:
        yield ok("attached to nobody")


def _open_payments(target: Target) -> Iterator[Finding]:
    """What nobody would query any more."""
    for status in ("created", "start_unknown", "pending"):
        if found := next(target.api.list(status=status, limit=1), None):
            do = "wait until it has an end, or Elsom is no longer queried about it"
            yield warning(f"{found.id} is open", do)
            break
    else:
        yield ok("none of the last 31 days")
    if cases := target.services.cases.count_open():
        yield warning(f"{cases} wait for a person", "./elsom cases list", "open cases")


def _kept(target: Target) -> Iterator[Finding]:
    for kind in ("PaymentsTable", "ElsomSecret"):
        yield ok(f"{target.resource(kind)} stays when the stack is deleted")


LOOKS: Final[dict[str, Look]] = {
    "stack": stack_state.look_at_stack,
    "secret": _secret,
    "Elsom": look_at_elsom,
    "callback URL": _callback,
    "schedule": _schedule,
    "messages": _sources,
    "table": _table,
    "dead letters": _dead_letters,
    "alarms": _alarms,
    "Lambda concurrency": look_at_concurrency,
}
# Of a stack that never came up, or is going, only this can be said.
BROKEN: Final[dict[str, Look]] = {
    "stack": stack_state.look_at_stack,
    "left behind": stack_state.look_at_leftovers,
    "Lambda concurrency": look_at_concurrency,
}
BEFORE_DELETE: Final[dict[str, Look]] = {
    "caller policy": _caller_policy,
    "open payments": _open_payments,
    "kept": _kept,
}
