"""What the API answers, as typed values; `document` is the answer itself, as it came.

A field that a newer API adds is in `document` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Generic, Self, TypeVar

Item = TypeVar("Item")
FINAL = frozenset({"paid", "expired", "cancelled", "failed"})


_SOM = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]{1,2})?")


class _Answer:
    """Builds a dataclass from JSON with camelCase names."""

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Take what this class knows."""
        names = {one.name for one in fields(cls)}  # type: ignore[arg-type]  # subclasses are dataclasses
        given = {_snake(name): value for name, value in document.items()}
        known = {name: _typed(name, value) for name, value in given.items() if name in names}
        return cls(**known | {"document": document})


@dataclass(frozen=True, kw_only=True)
class Payment(_Answer):
    """A payment. `amount` is a string in som, `"1500.00"`: never count money in floats."""

    id: str
    status: str
    amount: str
    currency: str
    order_id: str
    language: str
    sequence: int
    late: bool
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    customer_msisdn: str | None = None
    cashier_no: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] | None = None
    return_url: str | None = None
    checkout_url: str | None = None
    elsom_transaction_id: str | None = None
    status_reason: str | None = None
    elsom_error_code: str | None = None
    paid_at: datetime | None = None
    next_check_at: datetime | None = None
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_final(self) -> bool:
        """Whether it ended. An end other than `paid` may still become `paid`, with `late`."""
        return self.status in FINAL


@dataclass(frozen=True, kw_only=True)
class Case(_Answer):
    """Money that matches no open order: a person has to look."""

    id: str
    kind: str
    state: str
    payment_id: str
    opened_at: datetime
    sequence: int
    order_id: str | None = None
    evidence: Mapping[str, Any] | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    note: str | None = None
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class SentEvent(_Answer):
    """An event of a payment. `delivery` tells how its webhook stands, such as `retrying`."""

    event_id: str
    type: str
    sequence: int
    occurred_at: datetime
    delivery: str
    tries: int | None = None
    next_try_at: datetime | None = None
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Total:
    """How many payments, and their sum in som, `"150.00"`."""

    count: int
    amount: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """A day in Bishkek. `by_status` goes by when payments began, the others by when it happened."""

    day: date
    time_zone: str
    paid: Total
    by_status: Mapping[str, Total]
    late: Total
    cases: Mapping[str, int]
    document: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Report:
        """Read the API's answer."""
        return cls(
            day=date.fromisoformat(document["day"]),
            time_zone=document["timeZone"],
            paid=_total(document["paid"]),
            by_status={name: _total(one) for name, one in document["byStatus"].items()},
            late=_total(document["late"]),
            cases=dict(document["cases"]),
            document=document,
        )


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list; `cursor` leads to the next one, None ends the list."""

    items: list[Item]
    cursor: str | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """What the bus and the webhook tell. Keep the highest `sequence` per payment or case."""

    event_id: str
    type: str
    sequence: int
    occurred_at: datetime
    payment: Payment | None = None
    case: Case | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Event:
        """Read an event's detail."""
        payment, case = document.get("payment"), document.get("case")
        if type(document["sequence"]) is not int:
            msg = "an event's sequence is a whole number"
            raise TypeError(msg)
        return cls(
            event_id=document["eventId"],
            type=document["type"],
            sequence=document["sequence"],
            occurred_at=datetime.fromisoformat(document["occurredAt"]),
            payment=Payment.from_json(payment) if payment else None,
            case=Case.from_json(case) if case else None,
        )


def _total(document: Mapping[str, Any]) -> Total:
    return Total(count=document["count"], amount=_typed("amount", document["amount"]))


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _typed(name: str, value: Any) -> Any:
    if name == "amount" and not _SOM.fullmatch(value):
        msg = "the amount is not a string in som"
        raise ValueError(msg)
    if name.endswith("_at") and value is not None:
        return datetime.fromisoformat(value)
    return value
