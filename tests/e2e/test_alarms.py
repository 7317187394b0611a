"""Each alarm on our own metrics: its condition is brought about, and its own threshold crossed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from payments.domain.clock import MINUTE
from payments.domain.ids import derive_id
from payments.domain.query_rule import FOLLOW_UPS
from payments.store.inbox import MOST_UNKNOWN, UNKNOWN_COUNT, UNKNOWN_SORT_KEY
from tests.deployed import Deployed, another_stack, eventually
from tests.e2e.emf import Emf, now, statistic
from tests.e2e.rights import Right, without
from tests.e2e.still import http
from tests.template.test_alarms import ON_OUR_OWN
from tools.local.cloud import LocalCloud

PAID_AT_ONCE = "0000000001"
CANCELLED = "0000000004"
NO_NOTIFICATION = "0000000005"
STATUS = "PartnerGetPaymentStatus"


@pytest.fixture(scope="module")
def watched(cloud: LocalCloud) -> Iterator[Deployed]:
    """A stack of its own: what other tests do is no part of its numbers."""
    with another_stack(cloud, "alarms") as stack:
        yield stack


@pytest.fixture(scope="module")
def emf(watched: Deployed) -> Emf:
    return Emf(watched)


def crossed(emf: Emf, name: str, since: int) -> None:
    eventually(lambda: emf.crosses(name, since))


def start_all(stack: Deployed, number: int, **fields: str) -> list[str]:
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: stack.start(**fields), range(number)))
    return [answer.body.get("id", "") for answer in answers]


def test_no_alarm_crosses_its_threshold_while_all_is_well(watched: Deployed, emf: Emf) -> None:
    since = now()
    paid = start_all(watched, 6, customerMsisdn=PAID_AT_ONCE)
    for payment in paid:
        watched.wait_for(payment, "paid")
    watched.run_schedule()
    eventually(lambda: sum(emf.values("Paid", since)) == 6)
    eventually(lambda: emf.values("OpenCases", since))
    assert sum(emf.values("PaidSom", since)) == 6 * 1500
    assert emf.values("PaidUnnotified", since) == [0] * 6
    assert [name for name in sorted(ON_OUR_OWN) if emf.crosses(name, since)] == []


def test_a_payment_that_waits_ten_minutes_to_be_asked_about(watched: Deployed, emf: Emf) -> None:
    payment = watched.start().body["id"]
    since = now()
    watched.table.update(payment, "payment", "SET #dueAt = :at", at=since - 11 * MINUTE)
    watched.run_schedule()
    crossed(emf, "OldestWait", since)
    eventually(lambda: len(watched.calls(payment, STATUS)) >= 1)


def test_starts_that_elsom_leaves_without_an_answer(watched: Deployed, emf: Emf) -> None:
    since = now()
    watched.fault("IA_Init", "500", times=5)
    start_all(watched, 5)
    crossed(emf, "StartUnknown", since)


def test_a_fifth_of_the_calls_without_an_answer(watched: Deployed, emf: Emf) -> None:
    since = now()
    watched.fault("IA_Init", "503", times=5)
    start_all(watched, 12)
    crossed(emf, "ElsomErrors", since)


def test_an_elsom_that_takes_five_seconds(watched: Deployed, emf: Emf) -> None:
    since = now()
    watched.fault("IA_Init", "slow", times=3, seconds=5.5)
    started = start_all(watched, 3)
    assert all(started)
    slow = emf.values("ElsomLatency", since)
    assert sum(value >= 5_000 for value in slow) == 3
    crossed(emf, "ElsomSlow", since)


def test_paid_payments_that_no_notification_told_of(watched: Deployed, emf: Emf) -> None:
    since = now()
    payments = start_all(watched, 6, customerMsisdn=NO_NOTIFICATION)
    for payment in payments:
        eventually(lambda: _is_paid_by_schedule(watched, payment))  # noqa: B023 - used at once
    crossed(emf, "LostNotifications", since)


def _is_paid_by_schedule(stack: Deployed, payment: str) -> bool:
    stack.run_schedule()
    return bool(stack.get(payment)["status"] == "paid")


def test_notifications_with_a_wrong_token(watched: Deployed, emf: Emf) -> None:
    since = now()
    body = json.dumps({"PartnerPaymentResult": {"PartnerTrnID": "1", "PaymentStatus": "A"}})
    url = f"{watched.shop.api_url}/elsom/a-token-that-was-made-up"
    for _ in range(20):
        assert http("POST", url, body.encode())[0] == 404
    crossed(emf, "RefusedNotifications", since)


def test_notifications_that_elsom_itself_does_not_confirm(watched: Deployed, emf: Emf) -> None:
    since = now()
    for number in range(4):
        watched.notify(derive_id("forged", str(number)))
    payment = watched.start().body["id"]
    # The last of the questions after a notification: Elsom still knows of no end.
    message = {
        "id": payment,
        "reason": "notification",
        "triggeredAt": now(),
        "step": len(FOLLOW_UPS),
    }
    watched.cloud.client("sqs").send_message(
        QueueUrl=watched.outputs["ChecksQueueUrl"], MessageBody=json.dumps(message)
    )
    crossed(emf, "ForgedNotifications", since)
    assert watched.get(payment)["status"] == "pending"


def test_more_unknown_ids_than_elsom_is_queried_about(watched: Deployed, emf: Emf) -> None:
    since = now()
    number = "SET #kind = :kind, #number = :number"
    watched.table.update("elsom", UNKNOWN_COUNT, number, kind="state", number=MOST_UNKNOWN)
    unknown = derive_id("one too many")
    watched.notify(unknown)
    crossed(emf, "UnknownIds", since)
    kept = watched.table.get(unknown, UNKNOWN_SORT_KEY)
    assert kept is not None
    assert "dueAt" not in kept


def test_money_that_came_late_and_a_person_who_settles_it(watched: Deployed, emf: Emf) -> None:
    since = now()
    payment = watched.start(customerMsisdn=CANCELLED).body["id"]
    watched.wait_for(payment, "cancelled")
    watched.let_time_pass_since_the_last_query(payment)
    watched.set_status(payment, "A", notify=True)
    watched.wait_for(payment, "paid")
    (case,) = eventually(lambda: watched.shop.call("GET", "/cases").body["items"])
    watched.run_schedule()
    crossed(emf, "OpenCases", since)
    settled = watched.shop.call("POST", f"/cases/{case['id']}/resolve", {"note": "refunded"})
    assert settled.status == 200
    after = now()
    watched.run_schedule()
    eventually(lambda: emf.values("OpenCases", after))
    assert not emf.crosses("OpenCases", after)


def test_an_elsom_that_takes_its_word_back(watched: Deployed, emf: Emf) -> None:
    payment = watched.start(customerMsisdn=PAID_AT_ONCE).body["id"]
    watched.wait_for(payment, "paid")
    watched.let_time_pass_since_the_last_query(payment)
    since = now()
    watched.set_status(payment, "4", notify=True)
    crossed(emf, "Disagreement", since)
    assert watched.get(payment)["status"] == "paid"


def test_a_schedule_that_fails_counts_no_run(watched: Deployed, emf: Emf) -> None:
    since = now()
    with without(watched, Right("ScheduleChecks", "dynamodb:Query", "PaymentsTable/index/due")):
        answer = watched.cloud.client("lambda").invoke(
            FunctionName=watched.resource("ScheduleChecksFunction"), Payload=b"{}"
        )
        assert "FunctionError" in answer
        assert emf.values("ScheduleRun", since) == []
        assert emf.crosses("ScheduleNotRun", since)
    watched.run_schedule()
    eventually(lambda: not emf.crosses("ScheduleNotRun", since))


def test_every_alarm_on_our_own_metrics_is_tried_above() -> None:
    text = Path(__file__).read_text()
    tried = {name for name in ON_OUR_OWN if f'"{name}"' in text}
    assert tried == ON_OUR_OWN


@pytest.mark.parametrize(
    ("how", "value"),
    [("Sum", 55.0), ("Maximum", 10.0), ("Average", 5.5), ("p90", 9.0), ("p50", 5.0)],
)
def test_statistics_are_taken_as_cloudwatch_takes_them(how: str, value: float) -> None:
    assert statistic(how, [float(number) for number in range(1, 11)]) == value
