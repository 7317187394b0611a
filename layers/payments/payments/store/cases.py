"""Cases in the table: opened once, resolved once."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import msgspec

from payments.domain.cases import Case, CaseState, resolve
from payments.domain.errors import NotFound, WriteConflict
from payments.store.listing import Position
from payments.store.payments import new_token
from payments.store.table import Item, Table, readable

SORT_KEY = "case"


class CasePage(NamedTuple):
    """The cases of one page, and where the next page begins, if there may be one."""

    cases: list[Case]
    end: Position | None


class Cases(Protocol):
    """What the use cases need of the store of cases."""

    def open(self, case: Case) -> bool:
        """Store a new case; return false where it is stored already."""

    def get(self, case_id: str) -> Case | None:
        """Read a case as it is now."""

    def resolve(self, case_id: str, note: str, now: int, resolved_by: str | None = None) -> Case:
        """Resolve a case with a note; a resolved one is returned unchanged. Raises NotFound."""

    def page(self, state: CaseState, limit: int, after: Position | None) -> CasePage:
        """Up to `limit` cases of a state after this position, the newest first."""


class CaseTable:
    """Cases in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def open(self, case: Case) -> bool:
        try:
            self._table.insert(item_of(case), new_token())
        except WriteConflict:
            return False
        return True

    def get(self, case_id: str) -> Case | None:
        item = self._table.get(case_id, SORT_KEY)
        return case_of(item) if item else None

    def resolve(self, case_id: str, note: str, now: int, resolved_by: str | None = None) -> Case:
        case = self.get(case_id)
        if case is None:
            raise NotFound
        if case.state is CaseState.RESOLVED:
            return case
        closed = resolve(case, note, now, resolved_by)
        after = msgspec.structs.replace(closed, version=case.version + 1)
        try:
            self._table.replace(item_of(case), item_of(after), new_token())
        except WriteConflict as conflict:
            if conflict.current is None:
                raise NotFound from conflict
            return case_of(conflict.current)
        return after

    def count_open(self, most: int = 1_000) -> int:
        """How many cases are open, counted up to `most`."""
        day = partition(CaseState.OPEN)
        return len(self._table.query("createdDay = :day", index="by-created", limit=most, day=day))

    def page(self, state: CaseState, limit: int, after: Position | None) -> CasePage:
        day = {"createdDay": partition(state)}
        start = {**day, "createdAt": after.at, "pk": after.id, "sk": SORT_KEY} if after else None
        entries = self._table.query(
            "createdDay = :day",
            index="by-created",
            limit=limit,
            newest_first=True,
            after=start,
            day=partition(state),
        )
        found = readable(self._table, [(entry["pk"], SORT_KEY) for entry in entries])
        cases = [case_of(found[entry["pk"]]) for entry in entries if entry["pk"] in found]
        if len(entries) < limit:
            return CasePage(cases, None)
        # After the last case that was read: what is not readable yet is on the next page.
        if cases:
            return CasePage(cases, Position(cases[-1].opened_at, cases[-1].id))
        return CasePage(cases, Position(entries[-1]["createdAt"], entries[-1]["pk"]))


def item_of(case: Case) -> Item:
    """The stored form. It has no `orderId`: the order index is for payments only."""
    item: dict[str, Any] = msgspec.to_builtins(case)
    del item["id"]
    return item | {
        "pk": case.id,
        "sk": SORT_KEY,
        "kind": "case",
        "state": str(case.state),
        "version": case.version,
        "sequence": case.sequence,
        "createdDay": partition(case.state),
        "createdAt": item.pop("openedAt"),
    }


def case_of(item: Item) -> Case:
    """The case in a stored item."""
    return msgspec.convert({**item, "id": item["pk"], "openedAt": item["createdAt"]}, Case)


def partition(state: CaseState) -> str:
    """The partition of the created index that holds the cases of a state."""
    return f"case#{state}"
