"""A rehearsal tells what did not go as it should, goes no further, and leaves nothing unasked."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cli import doctor, elsom_urls, rehearsal, rehearse, stack_state
from cli.errors import CliError
from cli.rehearsal import NOWHERE, STEPS, CannotBeSeen, Rehearsal, StepFailed
from cli.screen import Screen
from tests.fakes.account import SECRET, TABLE, FakeAccount, described, refused
from tests.fakes.well_stack import WELL, alarm, secret

PAYMENT = "TYJ9DZJCH9MGP2NGWMWM"
PARAMETERS = {"ElsomInitUrl": f"{NOWHERE}/start", "ElsomStatusUrl": f"{NOWHERE}/status"}
LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes by itself, and Elsom's host is there."""
    seconds = itertools.count(0, 400)
    clock = SimpleNamespace(
        monotonic=lambda: float(next(seconds)), sleep=lambda _: None, time=time.time
    )
    monkeypatch.setattr(rehearsal, "time", clock)
    monkeypatch.setattr(elsom_urls, "reach", lambda *_: None)
    refusal = (400, {"Response": {"ErrorCode": "1"}})
    monkeypatch.setattr(doctor, "post_json", lambda *_: refusal)


def trying(
    changes: dict[str, Any] | None = None, *, sees: bool = True, agrees: bool = True
) -> Rehearsal:
    target = FakeAccount({**WELL, **(changes or {})})
    ours = Rehearsal(
        target, PARAMETERS, Path("template.yaml"), lambda _: sees, lambda _: agrees, "ops@a.example"
    )
    ours.facts |= {
        "payment": PAYMENT,
        "kept": {"PaymentsTable": TABLE, "ElsomSecret": SECRET},
    }
    return ours


def answered(monkeypatch: pytest.MonkeyPatch, status: int, name: str) -> None:
    monkeypatch.setattr(rehearsal, "_start", lambda _: (status, name))


# ---------------------------------------------------------------- steps


@pytest.mark.parametrize(("status", "name"), [(201, ""), (503, "try-again"), (403, "gateway")])
def test_a_stack_without_secret_that_starts_a_payment_has_failed(
    monkeypatch: pytest.MonkeyPatch, status: int, name: str
) -> None:
    answered(monkeypatch, status, name)
    with pytest.raises(StepFailed, match=str(status)):
        rehearsal.start_without_secret(trying())


@pytest.mark.parametrize(("status", "name"), [(422, "elsom-refused"), (503, "elsom-unreachable")])
def test_a_start_that_elsom_refuses_or_that_reaches_nobody_is_as_it_should_be(
    monkeypatch: pytest.MonkeyPatch, status: int, name: str
) -> None:
    answered(monkeypatch, status, name)
    monkeypatch.setattr(rehearsal, "restart_functions", lambda _: None)
    ours = trying({"secretsmanager PutSecretValue": {"ARN": SECRET}})
    found = SimpleNamespace(list=lambda **_: iter([SimpleNamespace(id=PAYMENT)]))
    monkeypatch.setattr(ours.target, "api", found)
    assert PAYMENT in rehearsal.start_refused(ours)


@pytest.mark.parametrize(
    ("status", "name", "said"),
    [(201, "", "answered 201"), (503, "not-configured", "not taken up after 330 s")],
)
def test_a_start_with_a_made_up_merchant_that_is_not_refused_has_failed(
    monkeypatch: pytest.MonkeyPatch, status: int, name: str, said: str
) -> None:
    answered(monkeypatch, status, name)
    monkeypatch.setattr(rehearsal, "restart_functions", lambda _: None)
    with pytest.raises(StepFailed, match=said):
        rehearsal.start_refused(trying({"secretsmanager PutSecretValue": {"ARN": SECRET}}))


@pytest.mark.parametrize(
    ("answer", "whats", "said"),
    [
        ((503, {}), ["notification"], "answered 503"),
        ((200, {"Response": {"ErrorCode": "1"}}), ["notification"], "answered 200"),
        ((200, {"Response": {"ErrorCode": "0"}}), ["created"], "not on the timeline"),
    ],
)
def test_a_notification_that_is_not_kept_has_failed(
    monkeypatch: pytest.MonkeyPatch, answer: Any, whats: list[str], said: str
) -> None:
    monkeypatch.setattr(rehearsal, "post_json", lambda *_: answer)
    ours = trying()
    items = [{"what": what} for what in whats]
    monkeypatch.setattr(ours.target, "api", SimpleNamespace(timeline=lambda _: items))
    with pytest.raises(StepFailed, match=said):
        rehearsal.notify(ours)


SET: dict[str, Any] = {"cloudwatch SetAlarmState": {}}


def test_an_alarm_that_rings_and_whose_mail_came_is_seen() -> None:
    assert "its e-mail came" in rehearsal.ring_alarm(trying({**SET, **alarm(state="ALARM")}))


@pytest.mark.parametrize(
    ("state", "sees", "said"), [("OK", True, "does not ring"), ("ALARM", False, "did not come")]
)
def test_an_alarm_that_does_not_ring_or_is_not_told_has_failed(
    state: str, sees: bool, said: str
) -> None:
    ours = trying({**SET, **alarm(state=state)}, sees=sees)
    with pytest.raises(StepFailed, match=said):
        rehearsal.ring_alarm(ours)
    assert isinstance(ours.target, FakeAccount)
    assert ours.target.queried.count("cloudwatch SetAlarmState") == 2, "it is put back"


def test_nobody_agrees_to_mail_without_a_person() -> None:
    with pytest.raises(CannotBeSeen, match="not clicked"):
        rehearsal.agree_to_mail(trying(sees=False))
    assert "has agreed" in rehearsal.agree_to_mail(trying())


def backup(newest: datetime | None) -> dict[str, Any]:
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "ENABLED"}
    if newest:
        recovery["LatestRestorableDateTime"] = newest
    found = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
    return {"dynamodb DescribeContinuousBackups": {"ContinuousBackupsDescription": found}}


def restored(count: int) -> dict[str, Any]:
    table = {"TableName": f"{TABLE}-restored", "TableStatus": "ACTIVE"}
    return {
        "dynamodb RestoreTableToPointInTime": {"TableDescription": table},
        "dynamodb DescribeTable": {"Table": table},
        "dynamodb Query": {"Items": [], "Count": count},
        "dynamodb DeleteTable": {"TableDescription": table},
    }


def test_a_backup_that_holds_the_payment_is_seen_and_its_copy_deleted() -> None:
    ours = trying({**backup(LATER), **restored(1)})
    assert "holds the payment" in rehearsal.restore(ours)
    assert isinstance(ours.target, FakeAccount)
    assert "dynamodb DeleteTable" in ours.target.queried


@pytest.mark.parametrize(
    ("newest", "count", "said"),
    [(LATER, 0, "not in the restored table"), (None, 1, "does not reach the present")],
)
def test_a_backup_without_the_payment_or_without_present_has_failed(
    newest: datetime | None, count: int, said: str
) -> None:
    with pytest.raises(StepFailed, match=said):
        rehearsal.restore(trying({**backup(newest), **restored(count)}))


def test_a_deletion_that_the_attached_policy_would_stop_is_not_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attached = {"PolicyRoles": [{"RoleName": "shop", "RoleId": "AROAEXAMPLEEXAMPLE1"}]}
    ours = trying({"iam ListEntitiesForPolicy": attached})
    monkeypatch.setattr(ours.target, "api", SimpleNamespace(list=lambda **_: iter([])))
    with pytest.raises(StepFailed, match="detach-role-policy"):
        rehearsal.delete_stack(ours)


def test_elsoms_host_may_be_nowhere_but_nothing_else_may_be_bad() -> None:
    changes = {"cloudformation DescribeStacks": described("CREATE_COMPLETE", outputs=True)}
    with pytest.raises(StepFailed, match="secret: not filled in"):
        rehearsal.see_doctor(trying({**changes, **secret(password="")}))


def test_nothing_but_a_rehearsals_stack_is_ever_deleted() -> None:
    ours = trying()
    with pytest.raises(CliError, match="no rehearsal's stack"):
        rehearsal.remove(ours)
    assert isinstance(ours.target, FakeAccount)
    assert ours.target.queried == []


# ---------------------------------------------------------------- all of them


def run(
    monkeypatch: pytest.MonkeyPatch, failing: str, *, agrees: bool = True
) -> dict[str, tuple[str, str]]:
    def step(name: str) -> Callable[[Rehearsal], str]:
        def take(_: Rehearsal) -> str:
            if name == failing:
                raise refused("AccessDenied", "no right to do this")
            return "done"

        return take

    monkeypatch.setattr(rehearse, "STEPS", {name: step(name) for name in STEPS})
    monkeypatch.setattr(stack_state, "remove_all", lambda *_: None)
    seen = rehearse.run(Screen(as_json=True), trying(agrees=agrees))
    return {one["step"]: (one["state"], one["said"]) for one in seen}


@pytest.mark.parametrize("failing", STEPS)
def test_after_a_step_that_failed_only_the_deletion_follows(
    monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    seen = run(monkeypatch, failing)
    names = list(STEPS)
    assert list(seen) == [*names[: names.index(failing) + 1], "delete everything"]
    assert seen[failing][0] == "failed"
    assert "no right to do this" in seen[failing][1]
    assert seen["delete everything"][0] == "seen"


def test_what_is_not_deleted_is_told_with_the_command_that_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state, said = run(monkeypatch, "restore", agrees=False)["delete everything"]
    assert state == "not seen"
    assert "rehearse --remove" in said
