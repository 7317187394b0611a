"""The inbox: notifications as they came, and unknown ids, which this stack never started."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import batched
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from payments.domain.clock import DAY, SECOND
from payments.domain.errors import StoreUnavailable, WriteConflict
from payments.domain.ids import is_id
from payments.domain.masking import mask_numbers, visible
from payments.domain.payment import ElsomStatus
from payments.elsom.protocol import Notification
from payments.store.payments import day_key, new_token
from payments.store.table import Table

KEEP: Final = 90 * DAY
UNKNOWN_SHARD: Final = "unknown"
UNKNOWN_SORT_KEY: Final = "unknown"
# At most this many unknown ids wait for a query: a stranger can send any number of them.
MOST_UNKNOWN: Final = 10_000
_SAVE_TRIES: Final = 8
_BATCH: Final = 100
# The partition of the state items, and the sort key of one.
ELSOM: Final = "elsom"
UNKNOWN_COUNT: Final = "unknown-count"
_RAW_BYTES: Final = 2_048
_NOTIFICATION: Final = "notification#"
_RECEIVE: Final = (
    "SET #kind = :kind, #claim = :claim, #raw = :raw, #source = :source,"
    " #at = if_not_exists(#at, :at), #lastAt = :at, #ttl = :ttl ADD #times :one"
)


class Unknown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """An id of our form that no payment of this stack has. Times in milliseconds.

    `notifications` counts them, so that an answer to a query begun before the newest one does not
    end its checks; `notified_at` is when the newest one came.
    """

    id: str
    first_seen_at: int
    notified_at: int
    notifications: int = 1
    version: int = 1
    next_check_at: int | None = None
    check_step: int = 0
    queried_at: int | None = None
    last_answer: ElsomStatus | None = None
    paid_at: int | None = None


class Inbox(Protocol):
    """What the use cases need of the inbox."""

    def receive(self, notification: Notification, raw: bytes, source: str, now: int) -> bool:
        """Store a notification; return whether it is the first one stored for its id.

        A repeat of the same body is the same item, and is counted.
        """

    def received(self, trn_id: str) -> list[dict[str, Any]]:
        """The notifications stored for an id, at most 100."""

    def insert_unknown(self, unknown: Unknown) -> None:
        """Store an unknown id; raise WriteConflict with the one that is stored already."""

    def unknown(self, unknown_id: str) -> Unknown | None:
        """Read an unknown id."""

    def save_unknown(self, before: Unknown, after: Unknown) -> Unknown:
        """Replace it; raise WriteConflict if another writer was first."""

    def admit_unknown(self) -> bool:
        """Count one more unknown id that waits for a query; false where MOST_UNKNOWN do already."""


class InboxTable:
    """The inbox in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def receive(self, notification: Notification, raw: bytes, source: str, now: int) -> bool:
        # A small item beside the payment, keyed by the text's hash.
        trn_id, evidence = notification.partner_trn_id, evidence_of(raw)
        stored = self._table.update(
            partition_of(trn_id),
            evidence.sort_key,
            _RECEIVE,
            kind="notification",
            claim=msgspec.to_builtins(notification),
            raw=evidence.text,
            source=source,
            at=now,
            ttl=(now + KEEP) // SECOND,
            one=1,
        )
        return stored.get("times") == 1 and len(self._received(trn_id, 2)) < 2

    def received(self, trn_id: str) -> list[dict[str, Any]]:
        return self._received(trn_id, 100)

    def insert_unknown(self, unknown: Unknown) -> None:
        try:
            self._table.insert(_unknown_item(unknown), new_token())
        except WriteConflict as conflict:
            raise WriteConflict(unknown_of(conflict.current)) from conflict

    def unknown(self, unknown_id: str) -> Unknown | None:
        item = self._table.get(unknown_id, UNKNOWN_SORT_KEY)
        return unknown_of(item) if item else None

    def save_unknown(self, before: Unknown, after: Unknown) -> Unknown:
        stored = msgspec.structs.replace(after, version=before.version + 1)
        try:
            self._table.replace(_unknown_item(before), _unknown_item(stored), new_token())
        except WriteConflict as conflict:
            current = unknown_of(conflict.current) if conflict.current else None
            raise WriteConflict(current) from conflict
        return stored

    def admit_unknown(self) -> bool:
        # Approximate: the schedule counts all of them every minute.
        try:
            self._table.update(
                ELSOM,
                UNKNOWN_COUNT,
                "SET #kind = :kind ADD #number :one",
                condition="attribute_not_exists(#number) OR #number < :most",
                kind="state",
                one=1,
                most=MOST_UNKNOWN,
            )
        except WriteConflict:
            return False
        return True

    def waiting_unknown(self) -> Iterator[Unknown]:
        """Read all unknown ids that wait for a query as they are now, the longest waiting first."""
        entries = self._table.walk("dueShard = :shard", index="due", shard=UNKNOWN_SHARD)
        for batch in batched(entries, _BATCH, strict=False):
            keys = [(entry["pk"], UNKNOWN_SORT_KEY) for entry in batch]
            found = {item["pk"]: item for item in self._table.get_many(keys, consistent=True)}
            for pk, _ in keys:
                if pk in found and "dueAt" in found[pk]:
                    yield unknown_of(found[pk])

    def _received(self, trn_id: str, limit: int) -> list[dict[str, Any]]:
        return self._table.query(
            "pk = :pk AND begins_with(sk, :prefix)",
            limit=limit,
            pk=partition_of(trn_id),
            prefix=_NOTIFICATION,
        )


def remember_unknown(inbox: Inbox, unknown_id: str, now: int) -> bool:
    """Record a notification of an unknown id; return whether Elsom is queried about it.

    False: MOST_UNKNOWN ids wait already. An id that Elsom has called paid needs no further query.
    """
    known = inbox.unknown(unknown_id)
    for _ in range(_SAVE_TRIES):
        waits = known is not None and known.next_check_at is not None
        settled = known is not None and known.paid_at is not None
        admitted = waits or settled or inbox.admit_unknown()
        try:
            if known is None:
                due = now if admitted else None
                inbox.insert_unknown(
                    Unknown(id=unknown_id, first_seen_at=now, notified_at=now, next_check_at=due)
                )
            else:
                inbox.save_unknown(known, _notified(known, now, due=admitted and not settled))
        except WriteConflict as conflict:
            known = conflict.current
            continue
        return admitted
    msg = "too many writers at once"
    raise StoreUnavailable(msg)


def _notified(known: Unknown, now: int, *, due: bool) -> Unknown:
    """Count the notification and start the ladder again; a check that waits keeps its time."""
    next_check_at = known.next_check_at
    if next_check_at is None and due:
        next_check_at = now
    return msgspec.structs.replace(
        known,
        notified_at=max(now, known.notified_at),
        notifications=known.notifications + 1,
        check_step=0,
        next_check_at=next_check_at,
    )


def partition_of(trn_id: str) -> str:
    """The partition of an id's notifications: its payment's, if the id has the form of ours.

    Any other id gets a partition that holds nothing else, whatever text a stranger sends as an id.
    """
    return trn_id if is_id(trn_id) else f"foreign#{trn_id}"


class Evidence(NamedTuple):
    """What is stored of a body, and its sort key."""

    sort_key: str
    text: str


def evidence_of(raw: bytes) -> Evidence:
    """At most 2 KB of a body, masked before it is cut: a cut number might not be masked.

    The key is made of the masked text too. From a hash of the body the masked digits of a wallet
    number could be found by trying.
    """
    text = visible(mask_numbers(raw.decode(errors="replace")), keep="\n\t").encode()
    key = hashlib.sha256(text).hexdigest()[:32]
    return Evidence(f"{_NOTIFICATION}{key}", text[:_RAW_BYTES].decode(errors="ignore"))


def _unknown_item(unknown: Unknown) -> dict[str, Any]:
    item: dict[str, Any] = msgspec.to_builtins(unknown)
    del item["id"]
    item |= {"pk": unknown.id, "sk": UNKNOWN_SORT_KEY, "kind": "unknown"}
    item["version"] = unknown.version
    item["ttl"] = (unknown.notified_at + KEEP) // SECOND
    due = item.pop("nextCheckAt", None)
    if due is not None:
        item |= {"dueAt": due, "dueShard": UNKNOWN_SHARD}
    if unknown.paid_at is not None:
        item["paidDay"] = day_key(unknown.id, unknown.paid_at)
    return item


def unknown_of(item: dict[str, Any]) -> Unknown:
    """The unknown id in a stored item."""
    fields = {**item, "id": item["pk"], "nextCheckAt": item.get("dueAt")}
    return msgspec.convert(fields, Unknown)
