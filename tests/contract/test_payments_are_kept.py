"""Payments in every store: new ones once, changes only by whoever saw the latest."""

import pytest
from msgspec.structs import replace

from payments.domain.clock import HOUR
from payments.domain.errors import StoreUnavailable, WriteConflict
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status
from payments.store.payments import apply
from tests.contract.stores import Stores
from tests.fakes.payments import PAYMENT_ID, a_payment
from tests.fakes.world import NOW

WHOLE = a_payment(
    customer_msisdn="0556***910",
    cashier_no="0001",
    description="Два билета",
    metadata={"cart": "17", "empty": "", "ключ": "значение"},
    return_url="https://shop.example/",
    elsom_transaction_id="PSP1",
    transaction_ids_disagree=True,
    elsom_error_code="17",
    late=True,
    paid_at=NOW,
    check_step=3,
    queried_at=(NOW,),
    queries=5,
    disagreed_at=NOW,
    timeline=({"at": NOW, "what": "created"}, {"at": NOW, "what": "omitted", "count": 7}),
)


def conflict(stores: Stores, before: Payment, after: Payment) -> Payment | None:
    with pytest.raises(WriteConflict) as lost:
        stores.payments.save(before, after)
    current: Payment | None = lost.value.current
    return current


@pytest.mark.parametrize("status", Status)
def test_a_new_payment_is_read_as_it_was_written(stores: Stores, status: Status) -> None:
    payment = a_payment(status)
    stores.payments.insert(payment)
    assert stores.payments.get(PAYMENT_ID) == payment


def test_every_field_is_kept(stores: Stores) -> None:
    stores.payments.insert(WHOLE)
    assert stores.payments.get(PAYMENT_ID) == WHOLE


def test_what_was_never_written_is_not_there(stores: Stores) -> None:
    assert stores.payments.get(PAYMENT_ID) is None


def test_an_id_is_taken_once_and_the_second_sees_the_first(stores: Stores) -> None:
    first = a_payment()
    stores.payments.insert(first)
    with pytest.raises(WriteConflict) as taken:
        stores.payments.insert(a_payment(order_id="other"))
    assert taken.value.current == first
    assert stores.payments.get(PAYMENT_ID) == first


def test_a_change_raises_the_version_and_is_what_is_read(stores: Stores) -> None:
    before = a_payment()
    stores.payments.insert(before)
    after = stores.payments.save(before, replace(before, status=Status.PAID, paid_at=NOW))
    assert (after.version, after.status) == (before.version + 1, Status.PAID)
    assert stores.payments.get(PAYMENT_ID) == after


def test_fields_that_are_taken_away_are_gone(stores: Stores) -> None:
    stores.payments.insert(WHOLE)
    bare = a_payment(next_check_at=None, elsom_url=None)
    after = stores.payments.save(WHOLE, bare)
    assert stores.payments.get(PAYMENT_ID) == after == replace(bare, version=2)


def test_a_stale_copy_overwrites_nothing_and_learns_what_is_there(stores: Stores) -> None:
    first = a_payment()
    stores.payments.insert(first)
    paid = stores.payments.save(first, replace(first, status=Status.PAID, paid_at=NOW))
    assert conflict(stores, first, replace(first, status=Status.FAILED)) == paid
    assert stores.payments.get(PAYMENT_ID) == paid


def test_what_is_not_there_cannot_be_changed(stores: Stores) -> None:
    payment = a_payment()
    assert conflict(stores, payment, replace(payment, late=True)) is None
    assert stores.payments.get(PAYMENT_ID) is None


def test_of_many_writers_with_one_copy_exactly_one_wins(stores: Stores) -> None:
    seen = a_payment()
    stores.payments.insert(seen)
    won = 0
    for number in range(10):
        try:
            stores.payments.save(seen, replace(seen, queries=number + 1))
        except WriteConflict:
            continue
        won += 1
    assert won == 1


def test_steps_that_meet_others_are_taken_from_what_is_there(stores: Stores) -> None:
    stale = a_payment()
    stores.payments.insert(stale)
    for number in range(3):
        known = stores.payments.get(PAYMENT_ID)
        assert known is not None
        stores.payments.save(known, replace(known, queries=number + 1))
    done = apply(
        stores.payments, stale, lambda payment: replace(payment, check_step=payment.queries + 1)
    )
    assert (done.check_step, done.queries, done.version) == (4, 3, 5)


def test_a_step_that_changes_nothing_writes_nothing(stores: Stores) -> None:
    payment = a_payment()
    stores.payments.insert(payment)
    assert apply(stores.payments, payment, lambda same: same) == payment
    assert stores.payments.get(PAYMENT_ID) == payment


def test_a_step_that_always_loses_is_an_error(stores: Stores) -> None:
    payment = a_payment()
    stores.payments.insert(payment)

    def meanwhile(current: Payment) -> Payment:
        known = stores.payments.get(PAYMENT_ID)
        assert known is not None
        stores.payments.save(known, replace(known, queries=known.queries + 1))
        return replace(current, late=True)

    with pytest.raises(StoreUnavailable):
        apply(stores.payments, payment, meanwhile)


# --- what is due ---------------------------------------------------------------------------


def due(stores: Stores, now: int = NOW, limit: int = 100) -> list[str]:
    return [one.id for one in stores.schedule.due(now, limit)]


def fill(stores: Stores, count: int) -> list[str]:
    """Payments all over the shards, each due a millisecond after the one before."""
    ids = [derive_id("due", str(number)) for number in range(count)]
    for number in reversed(range(count)):
        stores.payments.insert(a_payment(id=ids[number], next_check_at=NOW - count + number + 1))
    return ids


def test_the_longest_waiting_come_first_from_all_shards(stores: Stores) -> None:
    ids = fill(stores, 40)
    assert due(stores) == ids
    assert due(stores, limit=7) == ids[:7]
    assert due(stores, now=NOW - 30) == ids[:10]
    since = [one.id for one in stores.schedule.due(NOW, 5, NOW - 30)]
    assert since == ids[9:14], "the moment itself is counted in"
    assert due(stores, limit=0) == []


def test_what_is_due_says_what_it_is_and_since_when(stores: Stores) -> None:
    stores.payments.insert(a_payment(next_check_at=NOW - 5))
    (one,) = stores.schedule.due(NOW, 10)
    assert (one.at, one.id, one.item) == (NOW - 5, PAYMENT_ID, "payment")


def test_without_a_next_check_a_payment_is_not_due(stores: Stores) -> None:
    stores.payments.insert(a_payment(Status.PAID))
    assert due(stores, now=NOW + 1000 * HOUR) == []


def test_a_payment_moves_in_the_index_with_its_next_check(stores: Stores) -> None:
    payment = a_payment(next_check_at=NOW + HOUR)
    stores.payments.insert(payment)
    assert due(stores) == []
    payment = stores.payments.save(payment, replace(payment, next_check_at=NOW))
    assert due(stores) == [PAYMENT_ID]
    payment = stores.payments.save(payment, replace(payment, next_check_at=NOW + 1))
    assert due(stores) == []
    assert due(stores, NOW + 1) == [PAYMENT_ID]
    stores.payments.save(payment, replace(payment, next_check_at=None))
    assert due(stores, NOW + 1) == []
