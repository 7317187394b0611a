"""From the table's stream to the bus and to cases: nothing skipped, nothing twice that counts."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from payments.domain.cases import CaseKind
from payments.domain.clock import DAY, HOUR, MINUTE
from payments.domain.errors import QueueUnavailable, StoreUnavailable
from payments.domain.events import event_id
from payments.domain.payment import ElsomStatus, Payment, Status
from payments.domain.transitions import apply_answer
from payments.store.inbox import Unknown
from payments.store.payments import item_of
from payments.use_cases.publish_events import publish_records
from tests.fakes.delivery import Outlet, case_record, payment_record, record, unknown_record
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, POLICY

PENDING = a_payment()
PAID = apply_answer(PENDING, ElsomStatus.PAID, NOW, NOW, POLICY)
OTHER_ID = "1" * 20


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


def publish(outlet: Outlet, *records: dict[str, Any], report_unknown: bool = True) -> None:
    publish_records(records, outlet.publishing(report_unknown=report_unknown))


def paid(payment_id: str, paid_at: int) -> Payment:
    return replace(PAID, id=payment_id, paid_at=paid_at)


def test_a_change_of_status_is_told_once_with_a_rising_number(outlet: Outlet) -> None:
    queried = replace(PENDING, queried_at=(NOW,), version=2)
    publish(outlet, payment_record(PENDING, queried), payment_record(queried, PAID))
    assert outlet.bus.types() == ["payment.paid"]
    assert outlet.bus.published[0].event_id == event_id(PAYMENT_ID, PAID.sequence)
    assert outlet.unpublished.texts() == []


def test_a_batch_that_comes_again_tells_the_same_ids_and_opens_no_case_twice(
    outlet: Outlet,
) -> None:
    ended = apply_answer(PENDING, ElsomStatus.CANCELLED, NOW, NOW, POLICY)
    late = apply_answer(ended, ElsomStatus.PAID, NOW + DAY, NOW + DAY, POLICY)
    old = replace(PENDING, created_at=NOW - 121 * HOUR, id=OTHER_ID, order_id="B")
    unresolved = apply_answer(old, ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY)
    disagreed = apply_answer(late, ElsomStatus.ERROR, NOW + 2 * DAY, NOW + 2 * DAY, POLICY)
    twin = paid("2" * 20, NOW)
    outlet.book.items = {late.id: disagreed, twin.id: twin}
    seen = Unknown(id=UNKNOWN_ID, first_seen_at=NOW, notified_at=NOW)
    batch = [
        payment_record(PENDING, ended),
        payment_record(ended, late),
        payment_record(late, disagreed),
        payment_record(old, unresolved),
        unknown_record(seen, replace(seen, last_answer=ElsomStatus.PAID, paid_at=NOW + MINUTE)),
    ]
    publish(outlet, *batch)
    once = [event.event_id for event in outlet.bus.published]
    cases = dict(outlet.cases.items)
    publish(outlet, *batch)
    assert [event.event_id for event in outlet.bus.published] == once + once
    assert outlet.cases.items == cases
    assert sorted(kind for kind, _ in outlet.cases.kinds()) == sorted(CaseKind)


def test_the_bus_down_raises_and_nothing_is_lost_when_it_is_back(outlet: Outlet) -> None:
    outlet.bus.down = True
    batch = [payment_record(PENDING, PAID)]
    for _ in range(3):
        with pytest.raises(QueueUnavailable):
            publish(outlet, *batch)
    assert outlet.unpublished.texts() == []
    outlet.bus.down = False
    publish(outlet, *batch)
    assert outlet.bus.types() == ["payment.paid"]


def test_the_table_down_raises_so_that_no_case_is_lost(outlet: Outlet) -> None:
    late = apply_answer(a_payment(Status.FAILED), ElsomStatus.PAID, NOW, NOW, POLICY)
    batch = [payment_record(a_payment(Status.FAILED), late)]
    outlet.cases.down = True
    with pytest.raises(StoreUnavailable):
        publish(outlet, *batch)
    outlet.cases.down = False
    publish(outlet, *batch)
    assert outlet.cases.kinds() == [("paid_late", PAYMENT_ID)]


@pytest.mark.parametrize("paid_first", [0, 1])
@pytest.mark.parametrize("seen_first", [0, 1])
def test_the_later_of_two_paid_payments_is_the_duplicate_whichever_is_seen_first(
    outlet: Outlet, paid_first: int, seen_first: int
) -> None:
    ids = [PAYMENT_ID, OTHER_ID]
    both = [paid(ids[number], NOW + (MINUTE if number != paid_first else 0)) for number in (0, 1)]
    outlet.book.items = {payment.id: payment for payment in both}
    order = [both[seen_first], both[1 - seen_first]]
    publish(outlet, *(payment_record(replace(PENDING, id=one.id), one) for one in order))
    assert outlet.cases.kinds() == [("duplicate_paid", ids[1 - paid_first])]


def test_a_first_payment_written_late_still_makes_the_other_the_duplicate(outlet: Outlet) -> None:
    later, earlier = paid(OTHER_ID, NOW + MINUTE), paid(PAYMENT_ID, NOW)
    outlet.book.items = {later.id: later, PAYMENT_ID: PENDING}
    publish(outlet, payment_record(replace(PENDING, id=OTHER_ID), later))
    assert outlet.cases.kinds() == []
    outlet.book.items[PAYMENT_ID] = earlier
    publish(outlet, payment_record(PENDING, earlier))
    assert outlet.cases.kinds() == [("duplicate_paid", OTHER_ID)]


def test_late_money_is_told_as_late_and_not_as_paid(outlet: Outlet) -> None:
    ended = apply_answer(PENDING, ElsomStatus.TIMED_OUT, NOW, NOW, POLICY)
    late = apply_answer(ended, ElsomStatus.PAID, NOW + DAY, NOW + DAY, POLICY)
    publish(outlet, payment_record(ended, late))
    assert outlet.bus.types() == ["payment.paid_late"]


def test_a_case_is_told_from_its_own_record(outlet: Outlet) -> None:
    late = apply_answer(a_payment(Status.FAILED), ElsomStatus.PAID, NOW, NOW, POLICY)
    publish(outlet, payment_record(a_payment(Status.FAILED), late))
    (case,) = outlet.cases.open_ones()
    done = outlet.cases.resolve(case.id, "refunded", NOW + HOUR)
    publish(outlet, case_record(None, case), case_record(case, done), case_record(done, done))
    assert outlet.bus.types() == ["payment.paid_late", "case.opened", "case.resolved"]


def test_money_for_other_systems_ids_is_no_case_where_they_share_the_url(outlet: Outlet) -> None:
    answered = Unknown(
        id=UNKNOWN_ID, first_seen_at=NOW, notified_at=NOW, last_answer=ElsomStatus.PAID, paid_at=NOW
    )
    publish(outlet, unknown_record(None, answered), report_unknown=False)
    assert outlet.cases.items == {}


def test_an_unknown_id_that_has_a_payment_by_now_is_no_case(outlet: Outlet) -> None:
    answered = Unknown(
        id=PAYMENT_ID, first_seen_at=NOW, notified_at=NOW, last_answer=ElsomStatus.PAID, paid_at=NOW
    )
    outlet.book.items = {PAYMENT_ID: PENDING}
    publish(outlet, unknown_record(None, answered))
    assert outlet.cases.items == {}


@pytest.mark.parametrize("answer", [None, ElsomStatus.IN_PROGRESS, ElsomStatus.ERROR])
def test_an_unknown_id_that_is_not_paid_is_no_case(
    outlet: Outlet, answer: ElsomStatus | None
) -> None:
    seen = Unknown(id=UNKNOWN_ID, first_seen_at=NOW, notified_at=NOW)
    publish(outlet, unknown_record(seen, replace(seen, last_answer=answer, version=2)))
    assert (outlet.cases.items, outlet.bus.published) == ({}, [])


def test_removals_and_other_items_tell_nothing(outlet: Outlet) -> None:
    other = {"pk": PAYMENT_ID, "sk": "notification#1", "kind": "notification", "at": NOW}
    publish(outlet, record(item_of(PAID), None), record(None, other))
    assert (outlet.bus.published, outlet.unpublished.texts()) == ([], [])


@pytest.mark.parametrize(
    "broken",
    [
        {"status": "dancing"},
        {"amount": None},
        {"kind": None},
        {"orderId": 7},
    ],
)
def test_a_record_that_cannot_be_read_is_moved_aside_and_the_others_are_told(
    outlet: Outlet, broken: dict[str, Any]
) -> None:
    poison = record(item_of(PENDING), {**item_of(PAID), **broken})
    good = payment_record(replace(PENDING, id=OTHER_ID), paid(OTHER_ID, NOW))
    publish(outlet, poison, good)
    assert outlet.bus.types() == ["payment.paid"]
    assert [json.loads(text) for text in outlet.unpublished.texts()] == [
        {"paymentId": PAYMENT_ID, "eventName": "MODIFY"}
    ]


def test_what_cannot_be_moved_aside_raises_and_stays_in_the_stream(outlet: Outlet) -> None:
    outlet.unpublished.down = True
    with pytest.raises(QueueUnavailable):
        publish(outlet, record(None, {"pk": PAYMENT_ID, "sk": "payment", "kind": "payment"}))


def test_an_event_that_the_bus_never_takes_is_moved_aside_by_name(outlet: Outlet) -> None:
    outlet.bus.refused = {"payment.paid"}
    publish(outlet, payment_record(PENDING, PAID))
    assert [json.loads(text) for text in outlet.unpublished.texts()] == [
        {"paymentId": PAYMENT_ID, "eventName": "payment.paid"}
    ]


def test_an_unreadable_sibling_does_not_keep_a_payment_from_being_told(outlet: Outlet) -> None:
    def broken_order(order_id: str) -> list[Payment]:
        raise KeyError("pk")

    outlet.book.of_order = broken_order  # type: ignore[method-assign]
    publish(outlet, payment_record(PENDING, PAID))
    assert outlet.bus.types() == ["payment.paid"]
    assert len(outlet.unpublished.texts()) == 1
