"""States that must not be lost, overwritten, guessed or left behind."""

from __future__ import annotations

import re

import pytest

from payments.model import Status
from payments.moments import HOUR, MINUTE, now_ms
from payments.telemetry import Metric
from tests.failure.house import House, id_of

pytestmark = pytest.mark.needs("java", "npm")

REFUSED = "0000000010"
STATUS = "PartnerGetPaymentStatus"
GIVE_UP_HOURS = 120


def kinds(house: House) -> list[str]:
    return [str(case.case_kind) for case in house.cases()]


def test_f06_an_answer_that_comes_late_does_not_overwrite_a_newer_state(house: House) -> None:
    trn = house.started()
    house.elsom_says(trn, "4")

    def meanwhile() -> None:
        house.wait(11)
        house.elsom_says(trn, "A")
        house.notify(trn, "A", Message="another one")
        house.serve()
        assert house.payment(trn).status == "paid"

    house.notify(trn, "4")
    house.line.when(f"elsom:{STATUS}", meanwhile)
    house.serve()
    payment = house.payment(trn)
    assert payment.status == "paid"
    house.work()
    assert "payment.failed" not in house.told(trn)
    moves = [entry for entry in payment.timeline if "sequence" in entry]
    assert [entry["what"] for entry in moves] == ["pending", "paid"]
    assert moves[1]["sequence"] == moves[1]["at"] > moves[0]["sequence"] > payment.created_at


def test_f07_a_late_failure_does_not_beat_an_earlier_success(house: House) -> None:
    trn = house.started()
    house.elsom_says(trn, "A")
    house.notify(trn)
    house.live(60)
    assert house.payment(trn).status == "paid"
    house.elsom_says(trn, "3")
    house.notify(trn, "3")
    house.live(600)
    payment = house.payment(trn)
    assert payment.status == "paid"
    assert payment.timeline[-1]["what"] == "disagreement"
    assert payment.timeline[-1]["answer"] == "3"
    assert kinds(house) == ["disagreement"]
    assert house.told(trn) == ["payment.pending", "payment.paid", "case.opened"]


def test_f08_money_after_timed_out_is_paid_late_and_a_case(house: House) -> None:
    trn = house.started()
    house.elsom_says(trn, "2")
    house.live(120)
    assert house.payment(trn).status == "expired"
    house.elsom_says(trn, "A")
    house.live(2 * 3600)
    payment = house.payment(trn)
    assert (payment.status, payment.late) == ("paid", True)
    assert kinds(house) == ["paid_late"]
    assert house.told(trn) == [
        "payment.pending", "payment.expired", "payment.paid_late", "case.opened",
    ]  # fmt: skip


def test_f09_nothing_expires_while_elsom_cannot_be_asked(house: House) -> None:
    trn = house.started()
    house.elsom_says(trn, "A")
    house.fault(STATUS, "500", times=-1)
    for _ in range(12):
        house.wait(11 * 3600)
        house.live(180)
    payment = house.payment(trn)
    assert now_ms() - payment.created_at > GIVE_UP_HOURS * HOUR
    assert payment.status == "pending"
    assert payment.questions >= 12
    house.sandbox.control("DELETE", "faults")
    house.live(3600)
    payment = house.payment(trn)
    assert (payment.status, payment.late) == ("paid", False)
    assert house.told(trn) == ["payment.pending", "payment.paid"]


def test_f10_every_open_payment_has_a_next_check_and_an_end(house: House) -> None:
    trn = house.started()
    longest = 30 * MINUTE
    for _ in range(GIVE_UP_HOURS // 8):
        payment = house.payment(trn)
        assert payment.status == "pending"
        assert payment.next_check_at is not None
        assert payment.next_check_at - now_ms() <= longest
        asked = payment.questions
        house.wait(8 * 3600)
        house.live(120)
        assert house.payment(trn).questions == asked + 1
    payment = house.payment(trn)
    assert (payment.status, payment.status_reason) == ("expired", "unresolved")
    assert payment.next_check_at is not None, "money may still come"
    assert kinds(house) == ["unresolved"]
    assert house.told(trn) == ["payment.pending", "payment.expired", "case.opened"]
    waits = re.findall(rf'"{Metric.OLDEST_WAIT}":\[([0-9.]+)', house.written())
    assert max(map(float, waits)) > HOUR, "what the alarm on age looks at"


def test_f18_two_sessions_of_one_order_both_paid_are_a_case(house: House) -> None:
    first, second = house.started("session-1"), house.started("session-2")
    for trn in (first, second):
        house.elsom_says(trn, "A")
        house.notify(trn)
        house.live(15)
    assert [one.status for one in house.payments()] == [Status.PAID, Status.PAID]
    assert [(one.case_kind, one.payment_id) for one in house.cases()] == [
        ("duplicate_paid", second)
    ]
    (case,) = house.cases()
    assert case.evidence["firstPaymentId"] == first
    assert house.told(second) == ["payment.pending", "payment.paid", "case.opened"]
    assert house.told(first) == ["payment.pending", "payment.paid"]


def test_f22_what_was_refused_stays_on_record(house: House) -> None:
    refused = house.start(customerMsisdn=REFUSED)
    assert (refused.status, refused.body["elsomErrorCode"]) == (422, "17")
    trn = refused.body["paymentId"]
    assert house.payment(trn).status == "failed"
    assert [entry["what"] for entry in house.timeline(trn)] == ["created", "start_sent", "failed"]
    again = house.start(customerMsisdn=REFUSED)
    assert (again.status, again.body["statusReason"]) == (200, "elsom-refused")
    house.notify(trn, "A")
    house.work()
    assert [entry["what"] for entry in house.timeline(trn)][-1] == "notification"
    assert house.payment(trn).status == "failed"
    assert house.told(trn) == ["payment.failed"]


def test_f22_an_attempt_that_sent_nothing_stays_on_record(house: House) -> None:
    house.fault("IA_Init", "refuse", seconds=30)
    answer = house.start()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    house.sandbox.control("DELETE", "faults")
    house.started()
    whats = [entry["what"] for entry in house.payment(id_of("order-1")).timeline]
    assert whats == ["created", "start_sent", "start_not_sent", "start_sent", "pending"]
