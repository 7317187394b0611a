"""Is everything there that payments need? One line for each thing: ok, or what to do."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from payments.transport import NotSent, reach, tls
from tools.elsom.secret import missing
from tools.elsom.target import CliError, Target

INDEXES: Final = {"due", "by-order", "by-created", "by-paid"}
_SECONDS: Final = 5.0
# One that somebody has just looked at is hidden for a moment.
_WAITING: Final = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
_PORTS: Final = {"https": 443, "http": 80}


class State(StrEnum):
    """How a thing is. A warning is for a person to know, not a reason to fail."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's: `do` says what to do when it is not ok."""

    name: str
    state: State
    say: str
    do: str = ""


def ok(name: str, say: str) -> Finding:
    return Finding(name, State.OK, say)


def bad(name: str, say: str, do: str) -> Finding:
    return Finding(name, State.BAD, say, do)


def warning(name: str, say: str, do: str) -> Finding:
    return Finding(name, State.WARNING, say, do)


def examine(target: Target) -> Iterator[Finding]:
    """Look at everything, one after the other; a look that fails is a finding too."""
    for name, look in LOOKS.items():
        try:
            yield from look(target, name)
        except (ClientError, BotoCoreError, OSError) as error:
            yield bad(name, f"could not be looked at: {error}", "check your rights and network")


def report(findings: list[Finding]) -> dict[str, Any]:
    """The findings as a JSON document."""
    well = not any(one.state is State.BAD for one in findings)
    return {"ok": well, "checks": [asdict(one) for one in findings]}


def _stack(target: Target, name: str) -> Iterator[Finding]:
    status = target.described["StackStatus"]
    if status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        yield ok(name, f"{target.stack} is deployed")
    else:
        yield bad(name, f"{target.stack} is {status}", "deploy again: make deploy")


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
    """From here, with the stack's own trust; where functions have subnets, they go another way."""
    parameters = target.parameters
    bundle_name = parameters.get("ElsomCaBundleParameter")
    bundle = None
    if bundle_name:
        try:
            answer = target.client("ssm").get_parameter(Name=bundle_name, WithDecryption=True)
        except ClientError:
            do = (
                f"store the CA certificates (PEM) there: aws ssm put-parameter --name {bundle_name}"
            )
            yield bad("CA bundle", f"the SSM parameter {bundle_name} cannot be read", do)
            return
        bundle = answer["Parameter"]["Value"]
    trust = tls(bundle, parameters.get("ElsomTlsServerName") or None)
    for what, parameter in (("start", "ElsomInitUrl"), ("status", "ElsomStatusUrl")):
        url = urlsplit(parameters[parameter])
        port = url.port or _PORTS[url.scheme]
        where = f"{url.hostname}:{port}"
        try:
            reach(str(url.hostname), port, _SECONDS, trust if url.scheme == "https" else None)
        except NotSent as error:
            advice = _ADVICE.get(str(error), _ADVICE["connection"])
            yield bad(f"{name} {what}", f"{where} is not reached: {error}", advice)
        else:
            safe = "with a valid certificate" if url.scheme == "https" else "in plain http"
            yield ok(f"{name} {what}", f"{where} is reached {safe}")


_ADVICE: Final = {
    "certificate": "ask Elsom for its CA certificates: ElsomCaBundleParameter, ElsomTlsServerName",
    "name": "check the host's name in ElsomInitUrl and ElsomStatusUrl",
    "refused": "check the port, and whether Elsom lets this address in",
    "timeout": "check whether Elsom lets this address in",
    "tls": "check that the port speaks TLS",
    "reset": "check whether Elsom lets this address in",
    "connection": "check the network from here to Elsom",
}


def _callback(target: Target, name: str) -> Iterator[Finding]:
    """An empty notification: refused for its content, so the token is known and nothing is kept."""
    url = target.cabinet_url(str(target.secret().get("callbackToken") or "none"))
    status, body = _post(url)
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


def _post(url: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})  # noqa: S310 - the stack's own http(s) URL
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310 - the same
            return answer.status, {}
    except urllib.error.HTTPError as refusal:
        with refusal:
            text = refusal.read().decode(errors="replace")
        try:
            found = json.loads(text)
        except ValueError:
            found = {}
        return refusal.code, found if isinstance(found, dict) else {}


def _schedule(target: Target, name: str) -> Iterator[Finding]:
    physical = target.resources["ScheduleChecksFunctionEveryMinute"]
    state = target.client("scheduler").get_schedule(Name=physical)["State"]
    if state == "ENABLED":
        yield ok(name, "runs every minute")
    else:
        yield bad(name, "is switched off: nothing is checked", f"switch {physical} on again")


def _sources(target: Target, name: str) -> Iterator[Finding]:
    client = target.client("lambda")
    for function in ("CheckPayment", "DeliverWebhook", "PublishEvents"):
        physical = target.resources[f"{function}Function"]
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


def _aside(target: Target, name: str) -> Iterator[Finding]:
    sqs = target.client("sqs")
    waiting = {}
    for url in target.outputs["DeadLetterQueueUrls"].split(","):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))["Attributes"]
        number = sum(int(found[name]) for name in _WAITING)
        if number:
            waiting[url.rpartition("/")[2]] = number
    if not waiting:
        yield ok(name, "nothing was moved aside")
    for queue, number in waiting.items():
        yield warning(name, f"{number} messages in {queue}", "look at them: aside show")


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


LOOKS: Final[dict[str, Callable[[Target, str], Iterator[Finding]]]] = {
    "stack": _stack,
    "secret": _secret,
    "Elsom": _elsom,
    "callback URL": _callback,
    "schedule": _schedule,
    "messages": _sources,
    "table": _table,
    "dead letters": _aside,
    "alarms": _alarms,
}
__all__ = ["CliError", "Finding", "State", "examine", "report"]
