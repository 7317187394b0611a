"""What is due, how far the schedule has come, and Elsom's circuit breaker."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import Any, Final, Protocol

import msgspec

from payments.domain.circuit_breaker import Circuit
from payments.domain.clock import SECOND
from payments.domain.errors import WriteConflict
from payments.store.inbox import ELSOM, MOST_UNKNOWN, UNKNOWN_COUNT, UNKNOWN_SHARD
from payments.store.payments import DUE_SHARDS, new_token
from payments.store.table import Table

_CIRCUIT: Final = "circuit"
_RATE: Final = "unknown-rate"
TURN: Final = "schedule-turn"
UNKNOWN_INTERVAL: Final = SECOND


class Due(msgspec.Struct, frozen=True, order=True):
    """An entry of the due index, due since `at`; `item` is its sort key, which says what it is."""

    at: int
    id: str
    item: str


class Pass(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How far the schedule has come: what was due before `sent_until` was sent in this pass.

    Times in milliseconds.
    """

    began_at: int = 0
    sent_until: int = 0
    version: int = 0


class Schedule(Protocol):
    """What the use cases need of the due index and the state items."""

    def due(self, now: int, limit: int, after: int = 0) -> list[Due]:
        """Up to `limit` entries that are due since `after`, the longest waiting first."""

    def schedule_pass(self) -> Pass:
        """How far the schedule has come."""

    def save_pass(self, before: Pass, after: Pass) -> None:
        """Write how far it has come, unless another writer was first."""

    def recount_unknown(self) -> None:
        """Count the unknown ids that wait, if any were admitted since none waited."""

    def due_unknown(self, now: int, limit: int) -> list[Due]:
        """Up to `limit` unknown ids that are due, the longest waiting first."""

    def circuit(self) -> Circuit:
        """The state of the circuit, perhaps a second old."""

    def save_circuit(self, before: Circuit, after: Circuit) -> None:
        """Write the circuit, unless another writer was first."""

    def claim_unknown_query(self, now: int) -> bool:
        """Take the one query a second that unknown ids have in all; false where it is taken."""


class ScheduleTable:
    """The due index and the state items in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def due(self, now: int, limit: int, after: int = 0) -> list[Due]:
        shards = [self._due(f"{number:02d}", now, limit, after) for number in range(DUE_SHARDS)]
        return list(merge(*shards))[:limit]

    def schedule_pass(self) -> Pass:
        item = self._table.get(ELSOM, TURN)
        return msgspec.convert(item, Pass) if item else Pass()

    def save_pass(self, before: Pass, after: Pass) -> None:
        self._save_state(TURN, msgspec.to_builtins(before), msgspec.to_builtins(after))

    def recount_unknown(self) -> None:
        state = self._table.get(ELSOM, UNKNOWN_COUNT, consistent=False)
        if not state or not state["number"]:
            return
        waiting = self._table.walk("dueShard = :shard", index="due", shard=UNKNOWN_SHARD)
        number = sum(1 for _ in islice(waiting, MOST_UNKNOWN))
        self._table.update(ELSOM, UNKNOWN_COUNT, "SET #number = :number", number=number)

    def due_unknown(self, now: int, limit: int) -> list[Due]:
        return self._due(UNKNOWN_SHARD, now, limit)

    def circuit(self) -> Circuit:
        item = self._table.get(ELSOM, _CIRCUIT, consistent=False)
        return msgspec.convert(item, Circuit) if item else Circuit()

    def save_circuit(self, before: Circuit, after: Circuit) -> None:
        self._save_state(_CIRCUIT, msgspec.to_builtins(before), msgspec.to_builtins(after))

    def claim_unknown_query(self, now: int) -> bool:
        state = self._table.get(ELSOM, _RATE) or {"at": 0, "version": 0}
        if now - state["at"] < UNKNOWN_INTERVAL:
            return False
        return self._save_state(_RATE, state, {"at": now})

    def _due(self, shard: str, now: int, limit: int, after: int = 0) -> list[Due]:
        if limit <= 0:
            return []
        items = self._table.query(
            "dueShard = :shard AND dueAt BETWEEN :since AND :now",
            index="due",
            limit=limit,
            shard=shard,
            since=after,
            now=now,
        )
        return [Due(item["dueAt"], item["pk"], item["sk"]) for item in items]

    def _save_state(self, sk: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
        """Write a state item; false where another writer was first."""
        key = {"pk": ELSOM, "sk": sk, "kind": "state"}
        seen = before["version"]
        new = {**after, **key, "version": seen + 1}
        try:
            if seen == 0:
                self._table.insert(new, new_token())
            else:
                self._table.replace({**before, **key}, new, new_token())
        except WriteConflict:
            return False
        return True
