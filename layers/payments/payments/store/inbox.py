"""What arrived from outside: notifications, and ids that nobody here has started."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from payments.elsom.wire import Notification
from payments.errors import WriteConflict
from payments.ids import is_id
from payments.masks import mask_numbers, visible
from payments.model import Answer
from payments.moments import DAY, SECOND
from payments.store.payments import day_key, new_token
from payments.store.table import Table

KEEP: Final = 90 * DAY
UNKNOWN_SHARD: Final = "unknown"
UNKNOWN_SORT_KEY: Final = "unknown"
_RAW_BYTES: Final = 2_048
_NOTIFICATION: Final = "notification#"
_RECEIVE: Final = (
    "SET #kind = :kind, #claim = :claim, #raw = :raw, #source = :source,"
    " #at = if_not_exists(#at, :at), #lastAt = :at, #ttl = :ttl ADD #times :one"
)


class Unknown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """An id of our form that no payment here has. Moments in milliseconds."""

    id: str
    first_seen_at: int
    version: int = 1
    next_check_at: int | None = None
    check_step: int = 0
    asked_at: int | None = None
    last_answer: Answer | None = None
    paid_at: int | None = None


class Inbox(Protocol):
    """What the use cases need of the inbox."""

    def receive(self, notification: Notification, raw: bytes, source: str, now: int) -> None:
        """Keep a notification durably; a repeat of the same body is the same item."""

    def received(self, trn_id: str) -> list[dict[str, Any]]:
        """The notifications kept for an id."""

    def note_unknown(self, unknown: Unknown) -> Unknown:
        """Keep an unknown id, or return the one that is kept already."""

    def unknown(self, unknown_id: str) -> Unknown | None:
        """Read an unknown id."""

    def save_unknown(self, before: Unknown, after: Unknown) -> Unknown:
        """Replace it on the condition that it did not move."""


class InboxTable:
    """The inbox in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def receive(self, notification: Notification, raw: bytes, source: str, now: int) -> None:
        """One small item beside the payment, keyed by the text's hash: a repeat only counts."""
        evidence = evidence_of(raw)
        self._table.update(
            partition_of(notification.partner_trn_id),
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

    def received(self, trn_id: str) -> list[dict[str, Any]]:
        """The notifications kept for an id, at most 100."""
        return self._table.query(
            "pk = :pk AND begins_with(sk, :prefix)",
            limit=100,
            pk=partition_of(trn_id),
            prefix=_NOTIFICATION,
        )

    def note_unknown(self, unknown: Unknown) -> Unknown:
        """Keep an unknown id, or return the one that is kept already."""
        try:
            self._table.insert(_unknown_item(unknown), new_token())
        except WriteConflict as conflict:
            return unknown_of(conflict.current)
        return unknown

    def unknown(self, unknown_id: str) -> Unknown | None:
        """Read an unknown id."""
        item = self._table.get(unknown_id, UNKNOWN_SORT_KEY)
        return unknown_of(item) if item else None

    def save_unknown(self, before: Unknown, after: Unknown) -> Unknown:
        """Replace it on the condition that it did not move."""
        stored = msgspec.structs.replace(after, version=before.version + 1)
        try:
            self._table.replace(_unknown_item(before), _unknown_item(stored), new_token())
        except WriteConflict as conflict:
            current = unknown_of(conflict.current) if conflict.current else None
            raise WriteConflict(current) from conflict
        return stored


def remember_unknown(inbox: Inbox, unknown_id: str, now: int) -> None:
    """Make an unknown id due now, unless it is known to be paid or waits already.

    One that is not of our form cannot be ours: its notification is kept, nobody is asked.
    """
    if not is_id(unknown_id):
        return
    noted = inbox.note_unknown(Unknown(id=unknown_id, first_seen_at=now, next_check_at=now))
    if noted.next_check_at is None and noted.last_answer is not Answer.PAID:
        # Whoever wrote in between has just asked; the next doorbell asks anew.
        with suppress(WriteConflict):
            inbox.save_unknown(noted, msgspec.structs.replace(noted, next_check_at=now))


def partition_of(trn_id: str) -> str:
    """Where an id's notifications are kept: beside its payment, if the id can be one's at all.

    Any other id gets a partition that nothing of ours is in, whatever a stranger calls it.
    """
    return trn_id if is_id(trn_id) else f"foreign#{trn_id}"


class Evidence(NamedTuple):
    """What is kept of a body, and the key under which it is kept."""

    sort_key: str
    text: str


def evidence_of(raw: bytes) -> Evidence:
    """At most 2 KB of a body; masked before it is cut, or the cut could leave half a number.

    The key is made of the masked text too: from a hash of the body itself the hidden digits of a
    wallet number could be found by trying.
    """
    text = visible(mask_numbers(raw.decode(errors="replace")), keep="\n\t").encode()
    key = hashlib.sha256(text).hexdigest()[:32]
    return Evidence(f"{_NOTIFICATION}{key}", text[:_RAW_BYTES].decode(errors="ignore"))


def _unknown_item(unknown: Unknown) -> dict[str, Any]:
    item: dict[str, Any] = msgspec.to_builtins(unknown)
    del item["id"]
    item |= {"pk": unknown.id, "sk": UNKNOWN_SORT_KEY, "kind": "unknown"}
    item["version"] = unknown.version
    item["ttl"] = (unknown.first_seen_at + KEEP) // SECOND
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
