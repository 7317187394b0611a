"""`elsom doctor`: for each of its lines a stack of which it is not ok, and broken stacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import doctor, elsom_urls
from cli.__main__ import main
from cli.context import Context
from cli.findings import Finding, State, look_at
from payments.http_client import NotSent
from tests.fakes.account import (
    ARN,
    NO_STACK,
    REGION,
    ROLLED_BACK,
    STACK,
    FakeAccount,
    described,
    event,
    refused,
)
from tests.fakes.well_stack import (
    FUNCTIONS,
    INDEXES,
    WELL,
    WELL_FILLED,
    alarm,
    backups,
    concurrency,
    listed,
    mapping,
    secret,
    subscription,
    table,
    waiting,
)

type Reported = dict[str, Finding]

REFUSED_AS_IT_SHOULD_BE = (400, {"Response": {"ErrorCode": "1"}})


@pytest.fixture(autouse=True)
def _outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsom's host is there, and the stack's own address answers."""
    monkeypatch.setattr(elsom_urls, "reach", lambda *_: None)
    monkeypatch.setattr(doctor, "post_json", lambda *_: REFUSED_AS_IT_SHOULD_BE)


def look(changes: dict[str, Any] | None = None) -> Reported:
    found = list(doctor.examine(FakeAccount({**WELL, **(changes or {})})))
    assert len({one.name for one in found}) == len(found)
    return {one.name: one for one in found}


def not_ok(reported: Reported) -> set[str]:
    return {name for name, one in reported.items() if one.state is not State.OK}


def test_of_a_stack_that_is_well_every_line_is_ok() -> None:
    reported = look()
    assert not_ok(reported) == set()
    assert set(reported) == {
        *("stack", "secret", "Elsom start", "Elsom status", "callback URL", "schedule"),
        *(f"messages {name}" for name in FUNCTIONS),
        *("table", "backups", "dead letters", "alarms", "alarm e-mail", "Lambda concurrency"),
    }


OFF = {"scheduler GetSchedule": {"Name": "one", "State": "DISABLED"}}
LACKS_AN_INDEX = table(indexes=dict.fromkeys(INDEXES[:3], "ACTIVE"))
BUILDS_AN_INDEX = table(indexes={**dict.fromkeys(INDEXES, "ACTIVE"), "due": "CREATING"})
NO_TOPIC = {
    "cloudformation ListStackResources": {
        "StackResourceSummaries": listed()["cloudformation ListStackResources"][
            "StackResourceSummaries"
        ][:-1]
    }
}


@pytest.mark.parametrize(
    ("changes", "line", "state", "advice"),
    [
        (secret(password=""), "secret", "bad", "./elsom setup"),
        (secret(previousCallbackToken="o" * 43), "old token", "warning", "--finish"),
        (OFF, "schedule", "bad", "switch"),
        (mapping("Disabled"), "messages CheckPayment", "bad", "make deploy"),
        (mapping("Creating"), "messages DeliverWebhook", "bad", "make deploy"),
        ({"lambda ListEventSourceMappings": {"EventSourceMappings": []}},
         "messages PublishEvents", "bad", "make deploy"),
        (table("DELETING"), "table", "bad", "restore it"),
        (LACKS_AN_INDEX, "table", "bad", "ACTIVE"),
        (BUILDS_AN_INDEX, "table", "bad", "ACTIVE"),
        (backups("DISABLED"), "backups", "bad", "make deploy"),
        (waiting(3), "dead letters", "warning", "dead-letters show"),
        (alarm(on=False), "alarms", "bad", "make deploy"),
        ({"cloudwatch DescribeAlarms": {"MetricAlarms": []}}, "alarms", "bad", "make deploy"),
        (alarm(state="ALARM"), "alarm OpenCasesAlarm", "warning", "docs/runbook.md#open-cases"),
        (subscription("PendingConfirmation"), "alarm e-mail", "warning", "click the link"),
        (NO_TOPIC, "alarm e-mail", "warning", "AlarmEmail"),
        (concurrency(10), "Lambda concurrency", "bad", "L-B99A9384"),
        (concurrency(15), "Lambda concurrency", "warning", "L-B99A9384"),
        ({"sqs GetQueueAttributes": refused("AccessDenied")}, "dead letters", "bad", "rights"),
    ],
)  # fmt: skip
def test_what_is_not_ok_is_told_with_what_to_do(
    changes: dict[str, Any], line: str, state: str, advice: str
) -> None:
    reported = look({**changes, **_many(changes)})[line]
    assert reported.state == state
    assert advice in reported.do


def _many(changes: dict[str, Any]) -> dict[str, Any]:
    """Three queues cannot have one line each: only the first has messages."""
    if changes != waiting(3):
        return {}
    queues = iter([waiting(3), waiting(0), waiting(0)])
    return {"sqs GetQueueAttributes": lambda _: next(queues)["sqs GetQueueAttributes"]}


@pytest.mark.parametrize(
    ("answer", "state", "advice"),
    [
        ((404, {}), "bad", "if it persists"),
        ((403, {}), "warning", "CallbackSourceCidrs"),
        ((500, {}), "bad", "ElsomCallbackFunction"),
        # A success would be a false one: the notification had nothing in it.
        ((200, {}), "bad", "ElsomCallbackFunction"),
    ],
)
def test_an_address_for_notifications_that_does_not_work_is_told_without_its_token(
    monkeypatch: pytest.MonkeyPatch, answer: Any, state: str, advice: str
) -> None:
    monkeypatch.setattr(doctor, "post_json", lambda *_: answer)
    reported = look()["callback URL"]
    assert (reported.state, advice in reported.do) == (state, True)
    assert str(WELL_FILLED["callbackToken"]) not in str(reported)


def test_an_elsom_that_is_not_reached_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def reach(*_: object) -> None:
        raise NotSent("certificate")

    monkeypatch.setattr(elsom_urls, "reach", reach)
    reported = look()
    assert not_ok(reported) == {"Elsom start", "Elsom status"}
    assert "ElsomCaBundleParameter" in reported["Elsom start"].do


# ---------------------------------------------------------------- broken stacks


@pytest.mark.parametrize(
    "status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS", "DELETE_FAILED"]
)
def test_a_stack_that_never_came_up_is_a_few_lines_that_say_what_to_do(status: str) -> None:
    account = {**ROLLED_BACK, "cloudformation DescribeStacks": described(status)}
    found = list(doctor.examine(FakeAccount(account)))
    assert [one.name for one in found] == ["stack", "kept table", "Lambda concurrency"]
    assert found[0].state is State.BAD
    assert "All characters of the desired type" in found[0].say
    assert "delete-stack" in found[0].do


def test_the_reason_is_found_behind_the_many_events_of_a_roll_back() -> None:
    """One page has a hundred events, and a roll-back of this stack writes more."""
    gone = [event("PaymentsBus", "DELETE_COMPLETE")] * 100
    rest = ROLLED_BACK["cloudformation DescribeStackEvents"]["StackEvents"]

    def pages(params: Any) -> dict[str, Any]:
        last = params["body"].get("NextToken")
        return {"StackEvents": rest} if last else {"StackEvents": gone, "NextToken": "2"}

    account = {**ROLLED_BACK, "cloudformation DescribeStackEvents": pages}
    stack, *_ = doctor.examine(FakeAccount(account))
    assert "ElsomSecret: All characters of the desired type" in stack.say


def in_state(status: str) -> dict[str, Any]:
    return {"cloudformation DescribeStacks": described(status, outputs=True)}


def test_a_stack_whose_update_could_not_be_rolled_back_is_looked_at_whole() -> None:
    reported = look(
        {"cloudformation DescribeStacks": described("UPDATE_ROLLBACK_FAILED", outputs=True)}
    )
    assert not_ok(reported) == {"stack"}
    assert "continue-update-rollback" in reported["stack"].do


def test_a_stack_that_runs_with_the_version_before_says_to_deploy_again() -> None:
    reported = look(
        {"cloudformation DescribeStacks": described("UPDATE_ROLLBACK_COMPLETE", outputs=True)}
    )
    assert not_ok(reported) == {"stack"}
    assert "make deploy" in reported["stack"].do


def test_a_stack_without_outputs_is_one_line_for_each_thing() -> None:
    reported = look({"cloudformation DescribeStacks": described("UPDATE_IN_PROGRESS")})
    assert reported["stack"].state is State.BAD
    assert reported["secret"].state is State.BAD
    assert "UPDATE_IN_PROGRESS" in reported["secret"].say
    assert reported["schedule"].state is State.OK


@pytest.mark.parametrize(
    ("logical_id", "line"),
    [
        ("ScheduleChecksFunctionEveryMinute", "schedule"),
        ("CheckPaymentFunction", "messages"),
    ],
)
def test_a_resource_without_physical_id_is_a_line_too(logical_id: str, line: str) -> None:
    reported = look(listed(logical_id))
    assert reported[line].state is State.BAD
    assert f"has no {logical_id}" in reported[line].say
    assert "make deploy" in reported[line].do


def test_a_stack_of_another_product_is_told() -> None:
    stack = described("CREATE_COMPLETE")
    reported = look({"cloudformation DescribeStacks": stack})
    assert "not one of Elsom Payments" in reported["secret"].say


# ---------------------------------------------------------------- before deletion


def an_api(payments: dict[str, list[str]] | None = None) -> Any:
    """The payments API, with payments of these ids by their status."""

    def listed(*, status: str, limit: int) -> Iterator[Any]:
        assert limit == 1
        return (SimpleNamespace(id=one) for one in (payments or {}).get(status, []))

    return SimpleNamespace(list=listed)


def before_delete(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Reported:
    target = FakeAccount({**WELL, **changes.pop("account", {})})
    payments: dict[str, list[str]] = changes.pop("payments", {})

    vars(target)["api"] = an_api(payments)
    return {one.name: one for one in look_at(target, doctor.BEFORE_DELETE)}


def test_a_stack_that_nothing_holds_can_be_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    reported = before_delete(monkeypatch)
    assert not_ok(reported) == set()
    assert "caller policy" in reported


@pytest.mark.parametrize(
    ("attached", "command"),
    [
        ({"PolicyRoles": [{"RoleName": "shop", "RoleId": "AROAEXAMPLEEXAMPLE1"}]},
         "aws iam detach-role-policy --role-name shop"),
        ({"PolicyUsers": [{"UserName": "shop", "UserId": "AIDAEXAMPLEEXAMPLE1"}]},
         "aws iam detach-user-policy --user-name shop"),
        ({"PolicyGroups": [{"GroupName": "shops", "GroupId": "AGPAEXAMPLEEXAMPLE1"}]},
         "aws iam detach-group-policy --group-name shops"),
    ],
)  # fmt: skip
def test_an_attached_caller_policy_is_to_be_taken_off_first(
    monkeypatch: pytest.MonkeyPatch, attached: dict[str, Any], command: str
) -> None:
    reported = before_delete(monkeypatch, account={"iam ListEntitiesForPolicy": attached})
    assert reported["caller policy"].state is State.BAD
    assert f"{command} --policy-arn {ARN}" in reported["caller policy"].do


def test_what_is_open_is_told_before_deletion(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = {"Items": [{"pk": {"S": "1"}, "sk": {"S": "case"}}], "Count": 1, "ScannedCount": 1}
    reported = before_delete(
        monkeypatch,
        payments={"pending": ["TYJ9DZJCH9MGP2NGWMWM"]},
        account={"dynamodb Query": cases},
    )
    assert not_ok(reported) == {"open payments", "open cases"}
    assert "TYJ9DZJCH9MGP2NGWMWM" in reported["open payments"].say


# ---------------------------------------------------------------- as a command


@pytest.mark.parametrize(
    ("account", "words", "code", "last"),
    [
        (WELL, (), 0, "All is well."),
        (ROLLED_BACK, (), 1, "1 thing to do."),
        ({**WELL, "iam ListEntitiesForPolicy": {"PolicyRoles": [{"RoleName": "shop"}]}},
         ("--before-delete",), 1, "to do."),
    ],
)  # fmt: skip
def test_the_command_ends_as_its_lines_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    account: dict[str, Any],
    words: tuple[str, ...],
    code: int,
    last: str,
) -> None:
    target = FakeAccount(account)
    vars(target)["api"] = an_api()
    monkeypatch.setattr(Context, "target", target)
    assert main(["doctor", *words]) == code
    said = capsys.readouterr()
    assert said.out.splitlines()[-1].endswith(last)
    assert "Traceback" not in said.out + said.err


def test_a_stack_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(
        Context, "target", FakeAccount({**WELL, "cloudformation DescribeStacks": NO_STACK})
    )
    assert main(["doctor"]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == (f"Error: There is no stack {STACK} in region {REGION}: deploy it, or name it.")
