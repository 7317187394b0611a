"""Payments in the table: insert, read, and replace unless another writer was first."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from payments.domain.clock import utc_day
from payments.domain.errors import StoreUnavailable, WriteConflict
from payments.domain.ids import shard
from payments.domain.payment import Payment
from payments.store.table import Item, Table

DUE_SHARDS: Final = 16
DAY_SHARDS: Final = 8
SORT_KEY: Final = "payment"
_TRIES: Final = 8
_BATCH: Final = 100
# A shop may use one order id for all its payments; reading them must still end.
MOST_OF_ONE_ORDER: Final = 1_000

Step = Callable[[Payment], Payment]


class DayIndex(NamedTuple):
    """An index whose partitions are the shards of a day, in the order of a time."""

    name: str
    day: str
    time: str


BY_CREATED: Final = DayIndex("by-created", "createdDay", "createdAt")
BY_PAID: Final = DayIndex("by-paid", "paidDay", "paidAt")


class Payments(Protocol):
    """What the use cases need of the store of payments; the simulation has its own."""

    def insert(self, payment: Payment) -> None:
        """Store a new payment; raise WriteConflict with the stored one if the id is taken."""

    def get(self, payment_id: str) -> Payment | None:
        """Read a payment as it is now."""

    def save(self, before: Payment, after: Payment) -> Payment:
        """Replace `before` by `after` and return what is stored.

        Raises WriteConflict with the stored payment if another writer was first.
        """

    def of_order(self, order_id: str) -> list[Payment]:
        """The newest thousand payments of one order, each as it is now."""


def new_token() -> str:
    """A random mark by which a writer recognizes its own write."""
    return secrets.token_hex(4)


class PaymentTable:
    """Payments in DynamoDB."""

    def __init__(self, table: Table, token: Callable[[], str] = new_token) -> None:
        self._table = table
        self._token = token

    def insert(self, payment: Payment) -> None:
        try:
            self._table.insert(item_of(payment), self._token())
        except WriteConflict as conflict:
            raise WriteConflict(payment_of(conflict.current)) from conflict

    def get(self, payment_id: str) -> Payment | None:
        item = self._table.get(payment_id, SORT_KEY)
        return payment_of(item) if item else None

    def save(self, before: Payment, after: Payment) -> Payment:
        stored = msgspec.structs.replace(after, version=before.version + 1)
        try:
            self._table.replace(item_of(before), item_of(stored), self._token())
        except WriteConflict as conflict:
            current = payment_of(conflict.current) if conflict.current else None
            raise WriteConflict(current) from conflict
        return stored

    def of_order(self, order_id: str) -> list[Payment]:
        # The index shows a payment long before it can be paid.
        entries = self._table.query(
            "orderId = :order",
            index="by-order",
            limit=MOST_OF_ONE_ORDER,
            newest_first=True,
            order=order_id,
        )
        keys = [(entry["pk"], entry["sk"]) for entry in entries if entry["sk"] == SORT_KEY]
        return self.read_all(keys)

    def read_all(self, keys: Sequence[tuple[str, str]]) -> list[Payment]:
        """Read payments by key as they are now, in any order; those that are gone are left out."""
        return [
            payment_of(item)
            for batch in batched(keys, _BATCH, strict=False)
            for item in self._table.get_many(batch, consistent=True)
        ]


def apply(payments: Payments, payment: Payment, step: Step) -> Payment:
    """Take one step of a payment and store it; see `apply_step`."""
    return apply_step(payments.save, payment, step)


def apply_step[Kept](
    save: Callable[[Kept, Kept], Kept], kept: Kept, step: Callable[[Kept], Kept]
) -> Kept:
    """Take one step and store it; where another writer was first, take it on what that one stored.

    A step that changes nothing writes nothing. A step may be taken again on its own result, since
    boto3 repeats a write whose answer was lost.
    """
    for _ in range(_TRIES):
        after = step(kept)
        if after == kept:
            return kept
        try:
            return save(kept, after)
        except WriteConflict as conflict:
            if conflict.current is None:
                raise
            kept = conflict.current
    msg = "too many writers at once"
    raise StoreUnavailable(msg)


def item_of(payment: Payment) -> Item:
    """The stored form: the payment's own fields and the keys of the indexes."""
    item: dict[str, Any] = msgspec.to_builtins(payment)
    item |= {"pk": payment.id, "sk": SORT_KEY, "kind": "payment"}
    item |= {"version": payment.version, "sequence": payment.sequence}
    del item["id"]
    due = item.pop("nextCheckAt", None)
    if due is not None:
        item |= {"dueAt": due, "dueShard": f"{shard(payment.id, DUE_SHARDS):02d}"}
    item["createdDay"] = day_key(payment.id, payment.created_at)
    if payment.paid_at is not None:
        item["paidDay"] = day_key(payment.id, payment.paid_at)
    return item


def payment_of(item: Item) -> Payment:
    """The payment in a stored item."""
    fields = {**item, "id": item["pk"], "nextCheckAt": item.get("dueAt")}
    return msgspec.convert(fields, Payment)


def day_key(payment_id: str, moment: int) -> str:
    """The partition of a day index: the UTC day and one of its shards."""
    return f"{utc_day(moment)}#{shard(payment_id, DAY_SHARDS)}"
