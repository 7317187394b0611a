"""Changes of payments as numbers, and Elsom with a watch in hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from payments.domain.payment import ElsomStatus, Payment, Status, Trigger
from payments.elsom import client as measured
from payments.elsom.client import MeasuredElsom
from payments.elsom.gateway import NoResponse, NothingSent, OutcomeUnknown
from payments.elsom.protocol import Accepted, Answered, Merchant, Refused, Start
from payments.store.payments import item_of
from payments.store.table import to_image
from payments.telemetry import Metric
from payments.use_cases.stream_metrics import changes_of
from tests.fakes.elsom import MERCHANT, PAY_PAGE
from tests.fakes.payments import PAYMENT_ID, a_payment


def record(before: Payment | None, after: Payment) -> dict[str, Any]:
    change: dict[str, Any] = {"NewImage": to_image(item_of(after))}
    if before is not None:
        change["OldImage"] = to_image(item_of(before))
    return {"eventName": "MODIFY", "dynamodb": change}


@pytest.mark.parametrize(
    ("status", "metric"),
    [
        (Status.PENDING, Metric.STARTED),
        (Status.START_UNKNOWN, Metric.START_UNKNOWN),
        (Status.EXPIRED, Metric.ENDED_UNPAID),
        (Status.CANCELLED, Metric.ENDED_UNPAID),
        (Status.FAILED, Metric.ENDED_UNPAID),
    ],
)
def test_each_change_of_status_is_counted_once(status: Status, metric: Metric) -> None:
    change = record(a_payment(Status.CREATED), a_payment(status))
    assert list(changes_of([change])) == [(metric, 1)]


@pytest.mark.parametrize(
    ("trigger", "unnotified"),
    [(Trigger.NOTIFICATION, [0]), (Trigger.FOLLOW_UP, [0]), (Trigger.SCHEDULE, [1])],
)
def test_a_paid_payment_tells_its_som_and_whether_a_notification_led_to_it(
    trigger: Trigger, unnotified: list[int]
) -> None:
    paid = a_payment(Status.PAID, amount=150_050, queried_by=trigger)
    reported = list(changes_of([record(a_payment(), paid)]))
    assert reported == [
        (Metric.PAID, 1),
        (Metric.PAID_SOM, 1500.5),
        *((Metric.PAID_UNNOTIFIED, number) for number in unnotified),
    ]


@pytest.mark.parametrize("trigger", [Trigger.PAGE, Trigger.SHOP, None])
def test_a_page_or_the_shop_that_was_quicker_proves_nothing_about_notifications(
    trigger: Trigger | None,
) -> None:
    paid = a_payment(Status.PAID, queried_by=trigger)
    reported = Counter(metric for metric, _ in changes_of([record(a_payment(), paid)]))
    assert reported == {Metric.PAID: 1, Metric.PAID_SOM: 1}


def test_what_changes_no_status_and_what_is_no_payment_counts_nothing() -> None:
    same = record(a_payment(), replace(a_payment(), queries=3))
    case = {"eventName": "INSERT", "dynamodb": {"NewImage": {"kind": {"S": "case"}}}}
    unreadable: dict[str, Any] = {"eventName": "MODIFY"}
    removed = {"eventName": "REMOVE", "dynamodb": {"OldImage": to_image(item_of(a_payment()))}}
    assert list(changes_of([same, case, unreadable, removed])) == []


class Scripted:
    """An Elsom that says one thing."""

    def __init__(self, outcome: Any) -> None:
        self.outcome = outcome

    def start(self, _start: Start, _merchant: Merchant, _seconds: float) -> Any:
        return self.outcome

    def status(self, _payment_id: str, _merchant: Merchant) -> Any:
        return self.outcome


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Metric, float]]:
    found: list[tuple[Metric, float]] = []
    monkeypatch.setattr(measured, "count", lambda metric, number: found.append((metric, number)))
    monkeypatch.setattr(measured, "measure", lambda metric, ms: found.append((metric, ms)))
    return found


@pytest.mark.parametrize(
    ("outcome", "no_response"),
    [
        (Answered(ElsomStatus.PAID), 0),
        (Accepted(PAY_PAGE), 0),
        (Refused("17", None), 0),
        (NothingSent("refused"), 1),
        (OutcomeUnknown("timeout"), 1),
        (NoResponse("http-500"), 1),
    ],
)
def test_every_call_is_timed_and_counted_as_answered_or_silent(
    noted: list[tuple[Metric, float]], outcome: Any, no_response: int
) -> None:
    times = iter([10.0, 10.25])
    elsom = MeasuredElsom(Scripted(outcome), lambda: next(times))
    assert elsom.status(PAYMENT_ID, MERCHANT) is outcome
    assert noted == [(Metric.ELSOM_LATENCY, 250), (Metric.ELSOM_NO_RESPONSE, no_response)]
