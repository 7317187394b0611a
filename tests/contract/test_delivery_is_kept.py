"""Cases, deliveries and the archive in DynamoDB; a range of time told again from the table."""

from collections.abc import Callable
from functools import partial

import pytest
from msgspec.structs import replace

from payments.domain.cases import Case, CaseState, paid_unknown
from payments.domain.clock import DAY, HOUR, MINUTE
from payments.domain.errors import NotFound, WriteConflict
from payments.domain.events import event_id
from payments.domain.ids import derive_id
from payments.domain.payment import ElsomStatus, Payment, Status
from payments.domain.transitions import apply_answer
from payments.store import table
from payments.store.cases import CasePage, Cases, CaseTable
from payments.store.history import HistoryTable
from payments.store.inbox import Unknown
from payments.store.payments import PaymentTable
from payments.store.webhooks import WEBHOOK_SHARDS, Delivery, DeliveryTable
from payments.use_cases.republish_events import (
    RepublishDeps,
    RepublishResult,
    changed_within,
    republish,
)
from tests.contract.stores import DynamoStores, Stores
from tests.fakes.delivery import MemoryBus, MemoryCases
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, POLICY

CASE = paid_unknown(UNKNOWN_ID, NOW, NOW)


def ident(number: int) -> str:
    return derive_id("payment", str(number))


@pytest.fixture
def cases(stores: Stores) -> Cases:
    return CaseTable(stores.table) if isinstance(stores, DynamoStores) else MemoryCases()


def test_a_case_is_opened_once_and_resolved_once(cases: Cases) -> None:
    assert [cases.open(CASE), cases.open(CASE)] == [True, False]
    first = cases.resolve(CASE.id, "refunded", NOW + HOUR)
    assert first.state is CaseState.RESOLVED
    assert cases.resolve(CASE.id, "something else", NOW + DAY) == first
    assert cases.get(CASE.id) == first
    assert cases.open(CASE) is False
    with pytest.raises(NotFound):
        cases.resolve(PAYMENT_ID, "note", NOW)


def test_the_cases_of_a_state_are_paged_newest_first(cases: Cases) -> None:
    every = [paid_unknown(ident(number), NOW, NOW + number) for number in range(5)]
    for case in every:
        cases.open(case)
    cases.resolve(every[2].id, "refunded", NOW + HOUR)
    first = cases.page(CaseState.OPEN, 3, None)
    assert first.cases == [every[4], every[3], every[1]]
    assert cases.page(CaseState.OPEN, 3, first.end) == CasePage([every[0]], None)
    assert [case.id for case in cases.page(CaseState.RESOLVED, 3, None).cases] == [every[2].id]


def test_two_people_who_resolve_a_case_at_once_leave_one_note(dynamo: DynamoStores) -> None:
    cases = CaseTable(dynamo.table)
    cases.open(CASE)
    behind = CaseTable(dynamo.table)
    behind.get = lambda case_id: CASE  # type: ignore[method-assign]
    first = cases.resolve(CASE.id, "first", NOW)
    assert behind.resolve(CASE.id, "second", NOW + MINUTE) == first


def test_a_delivery_is_found_when_it_is_due_and_only_then(dynamo: DynamoStores) -> None:
    deliveries = DeliveryTable(dynamo.table)
    for number in range(3 * WEBHOOK_SHARDS):
        one = Delivery(
            event_id=ident(number),
            payload="{}",
            tries=1,
            first_tried_at=NOW,
            due_at=NOW + number * MINUTE,
        )
        assert deliveries.insert(one)
    assert deliveries.due(NOW - 1, 100) == []
    assert deliveries.due(NOW + 5 * MINUTE, 100) == [ident(number) for number in range(6)]
    assert deliveries.due(NOW + DAY, 2) == [ident(0), ident(1)]
    # Webhooks have partitions of their own: no payment waits behind them.
    assert dynamo.schedule.due(NOW + DAY, 100) == []


def test_a_delivery_moves_only_for_who_saw_it_last(dynamo: DynamoStores) -> None:
    deliveries = DeliveryTable(dynamo.table)
    first = Delivery(
        event_id=PAYMENT_ID, payload='{"a":"ы"}', tries=1, first_tried_at=NOW, due_at=NOW
    )
    assert [deliveries.insert(first), deliveries.insert(first)] == [True, False]
    assert deliveries.get(PAYMENT_ID) == first
    second = deliveries.save(first, replace(first, tries=2, due_at=NOW + HOUR))
    with pytest.raises(WriteConflict):
        deliveries.save(first, replace(first, tries=9))
    ended = deliveries.save(second, replace(second, payload="", due_at=None))
    assert deliveries.get(PAYMENT_ID) == ended
    assert deliveries.due(NOW + DAY, 10) == []


def test_wanting_an_event_again_takes_nothing_away_from_its_pending_retry(
    dynamo: DynamoStores,
) -> None:
    deliveries = DeliveryTable(dynamo.table)
    pending = Delivery(event_id=PAYMENT_ID, payload="{}", tries=3, first_tried_at=NOW, due_at=NOW)
    deliveries.insert(pending)
    for _ in range(2):
        deliveries.want_again(PAYMENT_ID)
        marked = replace(pending, wanted_again=True, version=2)
        assert deliveries.get(PAYMENT_ID) == marked
    assert deliveries.due(NOW, 10) == [PAYMENT_ID]
    deliveries.want_again(UNKNOWN_ID)
    assert deliveries.get(UNKNOWN_ID) is None


def test_an_orders_payments_are_read_as_they_are_and_cases_are_not_among_them(
    dynamo: DynamoStores,
) -> None:
    payments = PaymentTable(dynamo.table)
    for number in range(3):
        payments.insert(a_payment(id=ident(number), created_at=NOW + number))
    payments.insert(a_payment(id=ident(9), order_id="B-1"))
    late = replace(CASE, order="A-1001")
    CaseTable(dynamo.table).open(late)
    assert {one.id for one in payments.of_order("A-1001")} == {ident(0), ident(1), ident(2)}
    assert payments.of_order("C") == []


class Published:
    """A table, a bus, and what telling again came to."""

    def __init__(self, dynamo: DynamoStores) -> None:
        self.dynamo = dynamo
        self.payments = PaymentTable(dynamo.table)
        self.cases = CaseTable(dynamo.table)
        self.deliveries = DeliveryTable(dynamo.table)
        self.bus = MemoryBus()

    def again(
        self,
        first: int,
        last: int,
        *,
        report_unknown: bool = True,
        lookback: int = POLICY.give_up,
    ) -> RepublishResult:
        self.bus.published.clear()
        deps = RepublishDeps(
            history=HistoryTable(self.dynamo.table),
            payments=self.payments,
            cases=self.cases,
            deliveries=self.deliveries,
            bus=self.bus,
            lookback=lookback,
            report_unknown=report_unknown,
        )
        return republish(first, last, deps)

    def ids(self) -> set[str]:
        return {event.event_id for event in self.bus.published}

    def all_cases(self) -> list[Case]:
        return self.cases.page(CaseState.OPEN, 100, None).cases

    def keep(self, payment: Payment) -> Payment:
        self.payments.insert(payment)
        return payment


def test_what_changed_in_a_range_is_told_again_under_its_old_ids_and_nothing_else(
    dynamo: DynamoStores,
) -> None:
    published = Published(dynamo)
    began = NOW - 3 * DAY
    changed = {}
    for number, answer in enumerate(
        (ElsomStatus.PAID, ElsomStatus.TIMED_OUT, ElsomStatus.CANCELLED)
    ):
        fresh = a_payment(id=ident(number), order_id=f"A-{number}", created_at=began)
        changed[number] = published.keep(
            apply_answer(fresh, answer, NOW + number, NOW + number, POLICY)
        )
    published.keep(
        apply_answer(a_payment(id=ident(7)), ElsomStatus.PAID, NOW, NOW + 2 * HOUR, POLICY)
    )
    published.keep(a_payment(id=ident(8)))
    done = published.again(NOW, NOW + HOUR)
    assert published.ids() == {event_id(one.id, one.sequence) for one in changed.values()}
    assert (done.events, done.cases, done.refused) == (3, 0, ())
    assert published.again(NOW + 3 * HOUR, NOW + 4 * HOUR).events == 0


def test_a_payment_older_than_any_lookback_is_found_by_when_it_was_paid(
    dynamo: DynamoStores,
) -> None:
    published = Published(dynamo)
    ended = apply_answer(
        a_payment(created_at=NOW - 90 * DAY), ElsomStatus.TIMED_OUT, NOW, NOW, POLICY
    )
    published.keep(apply_answer(ended, ElsomStatus.PAID, NOW + 80 * DAY, NOW + 80 * DAY, POLICY))
    published.again(NOW + 80 * DAY - HOUR, NOW + 80 * DAY + HOUR)
    assert published.bus.types() == ["payment.paid_late", "case.opened"]


def test_cases_that_were_lost_are_opened_and_those_that_exist_are_told_again(
    dynamo: DynamoStores,
) -> None:
    published = Published(dynamo)
    for number in (0, 1):
        fresh = a_payment(id=ident(number), order_id="twice")
        published.keep(apply_answer(fresh, ElsomStatus.PAID, NOW + number, NOW + number, POLICY))
    seen = Unknown(id=UNKNOWN_ID, first_seen_at=NOW, notified_at=NOW)
    dynamo.inbox.insert_unknown(seen)
    dynamo.inbox.save_unknown(seen, replace(seen, last_answer=ElsomStatus.PAID, paid_at=NOW))
    assert published.again(NOW, NOW + HOUR, report_unknown=False).cases == 1
    assert published.again(NOW, NOW + HOUR).cases == 1
    assert published.again(NOW, NOW + HOUR).cases == 0
    kinds = {event.case.kind for event in published.bus.published if hasattr(event, "case")}
    assert kinds == {"duplicate_paid", "paid_unknown"}


def lost_disagreement(published: Published, paid_at: int) -> None:
    paid = apply_answer(
        a_payment(created_at=NOW - 90 * DAY), ElsomStatus.PAID, paid_at, paid_at, POLICY
    )
    published.keep(apply_answer(paid, ElsomStatus.ERROR, NOW, NOW, POLICY))


def lost_paid_late(published: Published) -> None:
    old = a_payment(created_at=NOW - 90 * DAY)
    ended = apply_answer(old, ElsomStatus.ERROR, NOW - DAY, NOW - DAY, POLICY)
    published.keep(apply_answer(ended, ElsomStatus.PAID, NOW, NOW, POLICY))


def lost_unresolved(published: Published) -> None:
    old = a_payment(created_at=NOW - POLICY.give_up)
    published.keep(apply_answer(old, ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY))


def lost_unresolved_that_was_paid_since(published: Published) -> None:
    old = a_payment(created_at=NOW - POLICY.give_up)
    given_up = apply_answer(old, ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY)
    published.keep(apply_answer(given_up, ElsomStatus.PAID, NOW + 3 * DAY, NOW + 3 * DAY, POLICY))


def lost_duplicate(published: Published) -> None:
    published.keep(a_payment(Status.PAID, id=ident(0), paid_at=NOW - 90 * DAY))
    second = a_payment(id=ident(1), created_at=NOW - 80 * DAY)
    published.keep(apply_answer(second, ElsomStatus.PAID, NOW, NOW, POLICY))


def lost_paid_unknown(published: Published) -> None:
    seen = Unknown(id=UNKNOWN_ID, first_seen_at=NOW - DAY, notified_at=NOW - DAY)
    published.dynamo.inbox.insert_unknown(seen)
    paid = replace(seen, last_answer=ElsomStatus.PAID, paid_at=NOW)
    published.dynamo.inbox.save_unknown(seen, paid)


@pytest.mark.parametrize(
    ("lose", "kinds"),
    [
        (partial(lost_disagreement, paid_at=NOW - HOUR), {"disagreement"}),
        (partial(lost_disagreement, paid_at=NOW - 4 * DAY), {"disagreement"}),
        (lost_paid_late, {"paid_late"}),
        (lost_unresolved, {"unresolved"}),
        (lost_unresolved_that_was_paid_since, {"unresolved", "paid_late"}),
        (lost_duplicate, {"duplicate_paid"}),
        (lost_paid_unknown, {"paid_unknown"}),
    ],
)
def test_every_kind_of_case_that_the_stream_lost_is_opened_by_the_range_of_its_change(
    dynamo: DynamoStores, lose: Callable[[Published], None], kinds: set[str]
) -> None:
    published = Published(dynamo)
    lose(published)
    assert published.again(NOW + MINUTE, NOW + HOUR).cases == 0, "nothing happened then"
    assert published.again(NOW - MINUTE, NOW + MINUTE).cases == len(kinds)
    assert {str(case.case_kind) for case in published.all_cases()} == kinds
    assert published.again(NOW - MINUTE, NOW + MINUTE).cases == 0


def test_a_disagreement_publishes_no_event_of_the_payment_again(dynamo: DynamoStores) -> None:
    published = Published(dynamo)
    lost_disagreement(published, NOW - 4 * DAY)
    published.again(NOW - MINUTE, NOW + MINUTE)
    assert published.bus.types() == ["case.opened"]


def test_a_change_longer_ago_than_the_lookback_is_found_with_a_longer_one(
    dynamo: DynamoStores,
) -> None:
    published = Published(dynamo)
    lost_disagreement(published, NOW - 60 * DAY)
    assert published.again(NOW - MINUTE, NOW + MINUTE).cases == 0
    assert published.again(NOW - MINUTE, NOW + MINUTE, lookback=61 * DAY).cases == 1


def test_what_a_long_timeline_left_out_counts_as_a_change_of_that_time() -> None:
    left_out = {"at": NOW, "what": "omitted", "count": 9}
    payment = a_payment(timeline=({"at": NOW - DAY, "what": "created"}, left_out))
    assert changed_within(payment, NOW - HOUR, NOW - MINUTE)
    assert not changed_within(payment, NOW - 2 * DAY, NOW - DAY - 1)
    assert not changed_within(payment, NOW + 1, NOW + DAY)


def test_a_case_of_long_ago_that_was_resolved_in_the_range_is_told_as_resolved(
    dynamo: DynamoStores,
) -> None:
    published = Published(dynamo)
    old: Case = replace(CASE, opened_at=NOW - 300 * DAY)
    published.cases.open(old)
    resolved = published.cases.resolve(old.id, "refunded", NOW)
    published.again(NOW - HOUR, NOW + HOUR)
    assert published.bus.types() == ["case.resolved"]
    assert published.ids() == {event_id(old.id, resolved.sequence)}


def test_a_webhook_that_was_given_up_is_wanted_again(dynamo: DynamoStores) -> None:
    published = Published(dynamo)
    paid = published.keep(apply_answer(a_payment(), ElsomStatus.PAID, NOW, NOW, POLICY))
    assert paid.status is Status.PAID
    mark = Delivery(event_id=event_id(paid.id, paid.sequence), tries=8, first_tried_at=NOW)
    published.deliveries.insert(mark)
    published.again(NOW, NOW)
    assert published.deliveries.get(mark.event_id) == replace(mark, wanted_again=True, version=2)


def test_hundreds_of_payments_are_each_told_once_over_many_pages_of_the_index(
    dynamo: DynamoStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "_PAGE", 7)
    published = Published(dynamo)
    for number in range(110):
        fresh = a_payment(id=ident(number), order_id=f"A-{number}", created_at=NOW - HOUR)
        published.keep(apply_answer(fresh, ElsomStatus.PAID, NOW + number, NOW + number, POLICY))
    assert published.again(NOW, NOW + HOUR).events == 110
    assert len(published.ids()) == len(published.bus.published) == 110
