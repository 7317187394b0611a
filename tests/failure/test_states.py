"""States that must not be lost, overwritten, guessed or left behind."""

from __future__ import annotations

import re

import pytest

from payments.domain.clock import HOUR, MINUTE, now_ms
from payments.domain.payment import Status
from payments.telemetry import Metric
from tests.failure.stack import Stack, id_of

pytestmark = pytest.mark.needs("java", "npm")

REFUSED = "0000000010"
STATUS = "PartnerGetPaymentStatus"
GIVE_UP_HOURS = 120


def kinds(stack: Stack) -> list[str]:
    return [str(case.case_kind) for case in stack.cases()]


def test_f06_an_answer_that_comes_late_does_not_overwrite_a_newer_state(stack: Stack) -> None:
    trn = stack.started()
    stack.elsom_says(trn, "4")

    def meanwhile() -> None:
        stack.wait(11)
        stack.elsom_says(trn, "A")
        stack.notify(trn, "A", Message="another one")
        stack.serve()
        assert stack.payment(trn).status == "paid"

    stack.notify(trn, "4")
    stack.recorder.when(f"elsom:{STATUS}", meanwhile)
    stack.serve()
    payment = stack.payment(trn)
    assert payment.status == "paid"
    stack.work()
    assert "payment.failed" not in stack.reported(trn)
    moves = [entry for entry in payment.timeline if "sequence" in entry]
    assert [entry["what"] for entry in moves] == ["pending", "paid"]
    assert moves[1]["sequence"] == moves[1]["at"] > moves[0]["sequence"] > payment.created_at


def test_f07_a_late_failure_does_not_beat_an_earlier_success(stack: Stack) -> None:
    trn = stack.started()
    stack.elsom_says(trn, "A")
    stack.notify(trn)
    stack.live(60)
    assert stack.payment(trn).status == "paid"
    stack.elsom_says(trn, "3")
    stack.notify(trn, "3")
    stack.live(600)
    payment = stack.payment(trn)
    assert payment.status == "paid"
    assert payment.timeline[-1]["what"] == "disagreement"
    assert payment.timeline[-1]["answer"] == "3"
    assert kinds(stack) == ["disagreement"]
    assert stack.reported(trn) == ["payment.pending", "payment.paid", "case.opened"]


def test_f08_money_after_timed_out_is_paid_late_and_a_case(stack: Stack) -> None:
    trn = stack.started()
    stack.elsom_says(trn, "2")
    stack.live(120)
    assert stack.payment(trn).status == "expired"
    stack.elsom_says(trn, "A")
    stack.live(2 * 3600)
    payment = stack.payment(trn)
    assert (payment.status, payment.late) == ("paid", True)
    assert kinds(stack) == ["paid_late"]
    assert stack.reported(trn) == [
        "payment.pending", "payment.expired", "payment.paid_late", "case.opened",
    ]  # fmt: skip


def test_f09_nothing_expires_while_elsom_cannot_be_asked(stack: Stack) -> None:
    trn = stack.started()
    stack.elsom_says(trn, "A")
    stack.fault(STATUS, "500", times=-1)
    for _ in range(12):
        stack.wait(11 * 3600)
        stack.live(180)
    payment = stack.payment(trn)
    assert now_ms() - payment.created_at > GIVE_UP_HOURS * HOUR
    assert payment.status == "pending"
    assert payment.queries >= 12
    stack.sandbox.control("DELETE", "faults")
    stack.live(3600)
    payment = stack.payment(trn)
    assert (payment.status, payment.late) == ("paid", False)
    assert stack.reported(trn) == ["payment.pending", "payment.paid"]


def test_f10_every_open_payment_has_a_next_check_and_an_end(stack: Stack) -> None:
    trn = stack.started()
    longest = 30 * MINUTE
    for _ in range(GIVE_UP_HOURS // 8):
        payment = stack.payment(trn)
        assert payment.status == "pending"
        assert payment.next_check_at is not None
        assert payment.next_check_at - now_ms() <= longest
        queried = payment.queries
        stack.wait(8 * 3600)
        stack.live(120)
        assert stack.payment(trn).queries == queried + 1
    payment = stack.payment(trn)
    assert (payment.status, payment.status_reason) == ("expired", "unresolved")
    assert payment.next_check_at is not None, "money may still come"
    assert kinds(stack) == ["unresolved"]
    assert stack.reported(trn) == ["payment.pending", "payment.expired", "case.opened"]
    waits = re.findall(rf'"{Metric.OLDEST_WAIT}":\[([0-9.]+)', stack.written())
    assert max(map(float, waits)) > HOUR, "what the alarm on age looks at"


def test_f18_two_sessions_of_one_order_both_paid_are_a_case(stack: Stack) -> None:
    first, second = stack.started("session-1"), stack.started("session-2")
    for trn in (first, second):
        stack.elsom_says(trn, "A")
        stack.notify(trn)
        stack.live(15)
    assert [one.status for one in stack.payments()] == [Status.PAID, Status.PAID]
    assert [(one.case_kind, one.payment_id) for one in stack.cases()] == [
        ("duplicate_paid", second)
    ]
    (case,) = stack.cases()
    assert case.evidence["firstPaymentId"] == first
    assert stack.reported(second) == ["payment.pending", "payment.paid", "case.opened"]
    assert stack.reported(first) == ["payment.pending", "payment.paid"]


def test_f22_what_was_refused_stays_on_record(stack: Stack) -> None:
    refused = stack.start(customerMsisdn=REFUSED)
    assert (refused.status, refused.body["elsomErrorCode"]) == (422, "17")
    trn = refused.body["paymentId"]
    assert stack.payment(trn).status == "failed"
    assert [entry["what"] for entry in stack.timeline(trn)] == ["created", "start_sent", "failed"]
    again = stack.start(customerMsisdn=REFUSED)
    assert (again.status, again.body["statusReason"]) == (200, "elsom-refused")
    stack.notify(trn, "A")
    stack.work()
    assert [entry["what"] for entry in stack.timeline(trn)][-1] == "notification"
    assert stack.payment(trn).status == "failed"
    assert stack.reported(trn) == ["payment.failed"]


def test_f22_an_attempt_that_sent_nothing_stays_on_record(stack: Stack) -> None:
    stack.fault("IA_Init", "refuse", seconds=30)
    answer = stack.start()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    stack.sandbox.control("DELETE", "faults")
    stack.started()
    whats = [entry["what"] for entry in stack.payment(id_of("order-1")).timeline]
    assert whats == ["created", "start_sent", "start_not_sent", "start_sent", "pending"]
