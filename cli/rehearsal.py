"""The steps of a rehearsal: a throw-away stack's whole life, each step checked by what is seen."""

from __future__ import annotations

import json
import secrets
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import typer

from cli import configure, stack_state
from cli.doctor import BEFORE_DELETE, examine
from cli.findings import Finding, State, look_at
from cli.operate import restart_functions
from cli.sam import deploy_words, run_sam
from cli.secret import filled
from cli.target import Target, post_json
from cli.template import KEPT, checkout, kept_template
from elsom_payments_client import ApiError

# A name that never exists (RFC 2606): so nothing of a rehearsal reaches anybody.
NOWHERE: Final = "https://elsom.invalid"
_MERCHANT: Final = {"partnerCode": "00000", "password": "rehearsal", "merchantMsisdn": "0000000000"}
_ORDER: Final = "REHEARSAL"
_LOOK_AGAIN: Final = 1.0


class StepFailed(Exception):
    """What was seen is not what should be; the text is one sentence."""


class CannotBeSeen(Exception):
    """This AWS cannot do it, or nobody is there to look; the text says why."""


def _confirmed(prompt: str) -> bool:
    return sys.stdin.isatty() and typer.confirm(prompt, err=True)


@dataclass
class Rehearsal:
    """A stack that is made, tried and taken away, and what the person at the keyboard says.

    `has_seen` asks about what only a person can see, `agrees` before something is lost.
    """

    target: Target
    parameters: dict[str, str]
    built: Path
    has_seen: Callable[[str], bool] = _confirmed
    agrees: Callable[[str], bool] = _confirmed
    email: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def kept(self) -> dict[str, str]:
        """The table and the secret, by logical id, as they are called now."""
        found: dict[str, str] = self.facts["kept"]
        return found

    def again(self) -> None:
        """Forget what was read of the stack: it has changed."""
        self.target = self.target.again()

    def requires_no_bad(self, findings: Iterable[Finding]) -> str:
        """How many lines are ok. Raises StepFailed for a bad one.

        Elsom's host may be bad, where there is none to be found.
        """
        found = list(findings)
        nowhere = self.parameters["ElsomInitUrl"].startswith(NOWHERE)
        for one in found:
            if one.state is State.BAD and not (nowhere and one.name.startswith("Elsom ")):
                raise StepFailed(f"{one.name}: {one.say}; {one.do}")
        return f"{len(found)} lines, none bad{' but that Elsom is nowhere' if nowhere else ''}"


def look_before(ours: Rehearsal) -> str:
    """Preflight finds nothing bad."""
    target = configure.planned(ours.target.again(), ours.parameters)
    return ours.requires_no_bad(look_at(target, configure.LOOKS, last=configure.CREDENTIALS))


def deploy(ours: Rehearsal) -> str:
    """The SAM CLI makes the stack."""
    target, log = ours.target, checkout() / ".local" / "logs" / "sam-rehearsal.log"
    values = {name: value for name, value in ours.parameters.items() if value}
    words = deploy_words(ours.built, target.stack, str(target.session.region_name), values)
    run_sam(target, log, "deploy", "--resolve-s3", *words)
    ours.again()
    ours.facts["kept"] = {name: ours.target.resource(name) for name in KEPT}
    return f"{ours.target.stack} is {ours.target.status}"


def agree_to_mail(ours: Rehearsal) -> str:
    """AWS sends no alarm before the address has agreed."""
    if not ours.email:
        raise CannotBeSeen("no --alarm-email was given")
    if ours.target.is_local:
        raise CannotBeSeen("the local AWS sends no e-mail")
    if not ours.has_seen(f"AWS has sent {ours.email} a message. Is its link clicked?"):
        raise CannotBeSeen("the link was not clicked")
    return f"{ours.email} has agreed"


def start_without_secret(ours: Rehearsal) -> str:
    """A stack whose secret is not filled in starts nothing."""
    status, name = _start(ours)
    if (status, name) != (503, "not-configured"):
        raise StepFailed(f"a start without secret was answered {status} {name}")
    return "a start is answered 503 not-configured"


def start_refused(ours: Rehearsal) -> str:
    """With a made-up merchant Elsom refuses; where it is nowhere, nothing is sent."""
    current = ours.target.secret()
    ours.target.write_secret(filled(current, _MERCHANT))
    # Else a worker knows the empty secret for some minutes.
    restart_functions(ours.target)

    def settled() -> tuple[int, str] | None:
        """The answer, once the functions know the secret that was just written."""
        answer = _start(ours)
        return None if answer[1] == "not-configured" else answer

    status, name = _until(settled, 330, "the secret was not taken up") or (0, "")
    if (status, name) not in {(422, "elsom-refused"), (503, "elsom-unreachable")}:
        raise StepFailed(f"a start was answered {status} {name}")
    payment = next(ours.target.api.list(order_id=_ORDER, limit=1), None)
    if payment is None:
        raise StepFailed("the refused start left no payment")
    ours.facts["payment"] = payment.id
    return f"a start is answered {status} {name}; {payment.id} tells of it"


def notify(ours: Rehearsal) -> str:
    """A notification is stored, answered, and stands on the payment's timeline."""
    payment = ours.facts["payment"]
    body = {"PartnerPaymentResult": {"PartnerTrnID": payment, "PaymentStatus": "1"}}
    status, reply = post_json(ours.target.portal_url(ours.target.secret()["callbackToken"]), body)
    if status != 200 or reply.get("Response", {}).get("ErrorCode") != "0":
        raise StepFailed(f"a notification was answered {status}")

    def seen() -> bool:
        return any("notification" in one["what"] for one in ours.target.api.timeline(payment))

    _until(seen, 120, "the notification is not on the timeline")
    return "a notification is answered 200, and stands on the timeline"


def see_doctor(ours: Rehearsal) -> str:
    """The doctor finds nothing bad."""
    ours.again()
    return ours.requires_no_bad(examine(ours.target))


def ring_alarm(ours: Rehearsal) -> str:
    """An alarm that is set off by hand rings, and its e-mail comes."""
    cloudwatch, name = ours.target.client("cloudwatch"), ours.target.resource("OpenCasesAlarm")
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a rehearsal")
    try:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        if alarm["StateValue"] != "ALARM":
            raise StepFailed(f"the alarm {name} does not ring")
        if ours.target.is_local:
            return "the alarm rings; the local AWS sends no e-mail"
        if not ours.email:
            return "the alarm rings; nobody was to get an e-mail"
        if not ours.has_seen(f"Has {ours.email} got the alarm's e-mail?"):
            raise StepFailed("the alarm's e-mail did not come")
        return "the alarm rings, and its e-mail came"
    finally:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="a rehearsal")


def restore(ours: Rehearsal) -> str:
    """The table's backup becomes a table, in which the payment is."""
    if ours.target.is_local:
        raise CannotBeSeen("the local AWS restores no backup")
    client, table = ours.target.client("dynamodb"), ours.kept["PaymentsTable"]
    began = time.time()

    def restorable() -> bool:
        found = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        newest = found["PointInTimeRecoveryDescription"].get("LatestRestorableDateTime")
        return newest is not None and newest.timestamp() > began

    _until(restorable, 1_800, "the backup does not reach the present")
    copy = f"{table}-restored"
    client.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=copy, UseLatestRestorableTime=True
    )
    ours.facts["restored"] = copy
    waiter = client.get_waiter("table_exists")
    waiter.wait(TableName=copy, WaiterConfig={"Delay": 20, "MaxAttempts": 180})
    found = client.query(
        TableName=copy,
        KeyConditionExpression="pk = :id",
        ExpressionAttributeValues={":id": {"S": ours.facts["payment"]}},
    )
    client.delete_table(TableName=copy)
    del ours.facts["restored"]
    if not found["Count"]:
        raise StepFailed("the payment is not in the restored table")
    return "a table restored from the backup holds the payment"


def delete_stack(ours: Rehearsal) -> str:
    """The stack goes; its table and its secret stay."""
    ours.requires_no_bad(look_at(ours.target, BEFORE_DELETE))
    stack_state.delete_stack(ours.target)
    ours.again()
    ours.target.client("dynamodb").describe_table(TableName=ours.kept["PaymentsTable"])
    ours.target.client("secretsmanager").describe_secret(SecretId=ours.kept["ElsomSecret"])
    return "the stack is gone, table and secret are there"


def attach(ours: Rehearsal) -> str:
    """A new stack of the name takes table and secret over, and tells of the payment."""
    client = ours.target.client("cloudformation")
    which = {"StackName": ours.target.stack, "ChangeSetName": "attach"}
    identifiers = {"PaymentsTable": "TableName", "ElsomSecret": "Id"}
    template = kept_template()
    client.create_change_set(
        **which,
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps(template),
        ResourcesToImport=[
            {
                "ResourceType": template["Resources"][name]["Type"],
                "LogicalResourceId": name,
                "ResourceIdentifier": {identifiers[name]: ours.kept[name]},
            }
            for name in KEPT
        ],
    )
    wait = {"Delay": 5, "MaxAttempts": 120}
    client.get_waiter("change_set_create_complete").wait(**which, WaiterConfig=wait)
    made = client.describe_change_set(**which)
    if ours.target.is_local and made["ExecutionStatus"] == "UNAVAILABLE":
        raise CannotBeSeen("the local AWS takes the change set, but imports nothing")
    client.execute_change_set(**which)
    waiter = client.get_waiter("stack_import_complete")
    waiter.wait(StackName=ours.target.stack, WaiterConfig=wait)
    before = dict(ours.kept)
    deploy(ours)
    if ours.kept != before:
        raise StepFailed(f"the new stack made a table or secret of its own: {ours.kept}")
    ours.target.api.get(ours.facts["payment"])
    ours.facts["attached"] = True
    return "the new stack has the table, the secret and the payment"


def see_doctor_again(ours: Rehearsal) -> str:
    """The stack with the attached table is well too."""
    if "attached" not in ours.facts:
        raise CannotBeSeen("nothing was attached")
    return see_doctor(ours)


def remove(ours: Rehearsal) -> str:
    """Everything goes, what is retained too."""
    if not ours.agrees(f"Delete {ours.target.stack}, its table and its secret for good?"):
        raise CannotBeSeen(
            f"it stays: delete it later by ./elsom rehearse --remove {ours.target.stack}"
        )
    stack_state.remove_all(ours.target, ours.facts.get("restored"))
    return "nothing is left"


STEPS: Final[Mapping[str, Callable[[Rehearsal], str]]] = {
    "preflight": look_before,
    "deploy": deploy,
    "agree to e-mail": agree_to_mail,
    "start without a secret": start_without_secret,
    "refused start": start_refused,
    "notification": notify,
    "doctor": see_doctor,
    "alarm": ring_alarm,
    "restore": restore,
    "delete the stack": delete_stack,
    "attach": attach,
    "doctor again": see_doctor_again,
}


def _start(ours: Rehearsal) -> tuple[int, str]:
    """One start: the HTTP status and the problem's name."""
    try:
        ours.target.api_within(0).start("1.00", _ORDER, idempotency_key=uuid.uuid4().hex)
    except ApiError as error:
        return error.status, error.name
    return 201, ""


def _until[Seen](look: Callable[[], Seen], seconds: float, otherwise: str) -> Seen:
    until = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > until:
            raise StepFailed(f"{otherwise} after {seconds:.0f} s")
        time.sleep(_LOOK_AGAIN)
    return seen


def new_name() -> str:
    """A stack's name that nobody has."""
    return f"{stack_state.PREFIX}{secrets.token_hex(4)}"
