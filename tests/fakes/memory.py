"""The store and the queue in memory: exact, deterministic, and as strict as DynamoDB is.

`tests/contract` holds them to the same tests as the real table.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from payments.aws.queues import CheckRequest
from payments.domain.circuit_breaker import Circuit
from payments.domain.clock import SECOND, Clock
from payments.domain.errors import QueueUnavailable, WriteConflict
from payments.domain.payment import Payment
from payments.elsom.protocol import Notification
from payments.store.inbox import (
    KEEP,
    MOST_UNKNOWN,
    UNKNOWN_SORT_KEY,
    Unknown,
    evidence_of,
    partition_of,
)
from payments.store.payments import SORT_KEY
from payments.store.schedule import UNKNOWN_INTERVAL, Due, Pass


class DueIndex:
    """What is due, in order: the table's sparse index."""

    def __init__(self, item: str) -> None:
        self._item = item
        self._entries: list[Due] = []

    def move(self, identifier: str, before: int | None, after: int | None) -> None:
        if before == after:
            return
        if before is not None:
            del self._entries[bisect_left(self._entries, Due(before, identifier, self._item))]
        if after is not None:
            insort(self._entries, Due(after, identifier, self._item))

    def first(self, now: int, limit: int, after: int = 0) -> list[Due]:
        begin = bisect_left(self._entries, after, key=lambda due: due.at)
        end = bisect_right(self._entries, now, key=lambda due: due.at)
        return self._entries[begin:end][: max(limit, 0)]

    def __len__(self) -> int:
        return len(self._entries)

    def next_moment(self) -> int | None:
        """When the next one is due; None when nothing waits."""
        return self._entries[0].at if self._entries else None


class MemoryItems[Kept: (Payment, Unknown)]:
    """Items by id; a write holds only against the version it was read at."""

    def __init__(self, index: DueIndex) -> None:
        self.items: dict[str, Kept] = {}
        self._index = index

    def get(self, identifier: str) -> Kept | None:
        return self.items.get(identifier)

    def save(self, before: Kept, after: Kept) -> Kept:
        stored = self.items.get(before.id)
        if stored is None or stored.version != before.version:
            raise WriteConflict(stored)
        written = replace(after, version=before.version + 1)
        self.put(written)
        return written

    def put(self, item: Kept) -> None:
        stored = self.items.get(item.id)
        self._index.move(item.id, stored.next_check_at if stored else None, item.next_check_at)
        self.items[item.id] = item


class MemoryPayments(MemoryItems[Payment]):
    """Payments; one that is there already is not put there again."""

    def insert(self, payment: Payment) -> None:
        stored = self.items.get(payment.id)
        if stored is not None:
            raise WriteConflict(stored)
        self.put(payment)

    def of_order(self, order_id: str) -> list[Payment]:
        return [payment for payment in self.items.values() if payment.order_id == order_id]


class MemoryInbox:
    """Notifications by id and hash of the body, and unknown ids."""

    def __init__(self, index: DueIndex) -> None:
        self.notifications: dict[str, dict[str, dict[str, Any]]] = {}
        self.admitted = 0
        self._unknown = MemoryItems[Unknown](index)

    def receive(self, notification: Notification, raw: bytes, source: str, now: int) -> bool:
        trn_id = partition_of(notification.partner_trn_id)
        sort_key, text = evidence_of(raw)
        kept = self.notifications.setdefault(trn_id, {})
        known = kept.get(sort_key, {"at": now, "times": 0})
        kept[sort_key] = {
            "pk": trn_id,
            "sk": sort_key,
            "kind": "notification",
            "claim": msgspec.to_builtins(notification),
            "raw": text,
            "source": source,
            "at": known["at"],
            "lastAt": now,
            "ttl": (now + KEEP) // SECOND,
            "times": known["times"] + 1,
        }
        return len(kept) == 1 and known["times"] == 0

    def received(self, trn_id: str) -> list[dict[str, Any]]:
        kept = self.notifications.get(partition_of(trn_id), {})
        return [kept[sort_key] for sort_key in sorted(kept)][:100]

    def insert_unknown(self, unknown: Unknown) -> None:
        known = self._unknown.get(unknown.id)
        if known is not None:
            raise WriteConflict(known)
        self._unknown.put(unknown)

    def unknown(self, unknown_id: str) -> Unknown | None:
        return self._unknown.get(unknown_id)

    def save_unknown(self, before: Unknown, after: Unknown) -> Unknown:
        return self._unknown.save(before, after)

    def admit_unknown(self) -> bool:
        if self.admitted >= MOST_UNKNOWN:
            return False
        self.admitted += 1
        return True


class MemorySchedule:
    """The due indexes and the state items."""

    def __init__(self, payments: DueIndex, unknown: DueIndex, inbox: MemoryInbox) -> None:
        self._payments = payments
        self._unknown = unknown
        self._inbox = inbox
        self._circuit = Circuit()
        self._pass = Pass()
        self._unknown_queried_at = 0

    def due(self, now: int, limit: int, after: int = 0) -> list[Due]:
        return self._payments.first(now, limit, after)

    def schedule_pass(self) -> Pass:
        return self._pass

    def save_pass(self, before: Pass, after: Pass) -> None:
        if self._pass.version == before.version:
            self._pass = replace(after, version=before.version + 1)

    def recount_unknown(self) -> None:
        self._inbox.admitted = min(len(self._unknown), MOST_UNKNOWN)

    def due_unknown(self, now: int, limit: int) -> list[Due]:
        return self._unknown.first(now, limit)

    def circuit(self) -> Circuit:
        return self._circuit

    def save_circuit(self, before: Circuit, after: Circuit) -> None:
        if self._circuit.version == before.version:
            self._circuit = replace(after, version=before.version + 1)

    def claim_unknown_query(self, now: int) -> bool:
        if now - self._unknown_queried_at < UNKNOWN_INTERVAL:
            return False
        self._unknown_queried_at = now
        return True


class MemoryStore:
    """One table: payments, inbox and schedule that see each other's items."""

    def __init__(self) -> None:
        self.due_payments = DueIndex(SORT_KEY)
        self.due_unknown = DueIndex(UNKNOWN_SORT_KEY)
        self.payments = MemoryPayments(self.due_payments)
        self.inbox = MemoryInbox(self.due_unknown)
        self.schedule = MemorySchedule(self.due_payments, self.due_unknown, self.inbox)


class Message(msgspec.Struct, frozen=True, order=True):
    """A message that can be seen from `at` on; `number` keeps the order of sending."""

    at: int
    number: int
    request: CheckRequest


class MemoryQueue:
    """The checks queue. `down` makes it refuse, as SQS does when it is not there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.messages: list[Message] = []
        self.sent = 0
        self.down = False

    def send(self, message: CheckRequest, delay: int = 0) -> None:
        if self.down:
            raise QueueUnavailable("down")
        if not 0 <= delay <= 900:
            raise ValueError(f"SQS delays by 0 to 900 s, not {delay}")
        self.sent += 1
        insort(
            self.messages,
            Message(self._clock() + delay * SECOND, self.sent, message),
            key=lambda waiting: (waiting.at, waiting.number),
        )

    def send_all(self, messages: Sequence[tuple[CheckRequest, int]]) -> int:
        for message, delay in messages:
            self.send(message, delay)
        return len(messages)

    def backlog(self) -> int:
        if self.down:
            raise QueueUnavailable("down")
        return len(self.messages)

    def take(self) -> CheckRequest | None:
        """The first message that can be seen now, taken off the queue."""
        if self.messages and self.messages[0].at <= self._clock():
            return self.messages.pop(0).request
        return None

    def waiting(self) -> list[tuple[CheckRequest, int]]:
        """Every message and the seconds until it can be seen."""
        now = self._clock()
        return [(message.request, max(0, message.at - now) // SECOND) for message in self.messages]
