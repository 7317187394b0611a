"""Cases: money that matches no open order, for a person to settle. Pure: no clock, no I/O.

    paid_late        Elsom answered `A` after the payment had ended without being paid
    disagreement     Elsom answered `A`, later `2`, `3` or `4`
    unresolved       given up after `GiveUpAfterHours` without a final answer
    duplicate_paid   an earlier payment of the same order is paid too
    paid_unknown     Elsom answered `A` for an id that this stack never started

A case follows from what is stored, and its id is derived: to find it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import msgspec

from payments.domain.clock import to_rfc3339
from payments.domain.ids import derive_id, next_sequence
from payments.domain.money import Tyiyn, format_som
from payments.domain.payment import FINAL, Payment, Reason, Status, status_since


class CaseKind(StrEnum):
    """What does not match."""

    DUPLICATE_PAID = "duplicate_paid"
    PAID_LATE = "paid_late"
    PAID_UNKNOWN = "paid_unknown"
    DISAGREEMENT = "disagreement"
    UNRESOLVED = "unresolved"


class CaseState(StrEnum):
    """Whether a person has settled it."""

    OPEN = "open"
    RESOLVED = "resolved"


class Case(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One case as it is stored. Times in milliseconds; `evidence` is shown as it is."""

    id: str
    case_kind: CaseKind
    payment_id: str
    order: str | None = None
    evidence: dict[str, Any]
    opened_at: int
    state: CaseState = CaseState.OPEN
    resolved_at: int | None = None
    resolved_by: str | None = None
    note: str | None = None
    version: int = 1
    sequence: int


_NEGATIVE: Final = frozenset(FINAL) - {Status.PAID}


def cases_between(before: Payment | None, after: Payment) -> list[Case]:
    """The cases that follow from one write of a payment, without a look at other payments."""
    known = {case.id for case in cases_of(before)} if before else set()
    return [case for case in cases_of(after) if case.id not in known]


def cases_of(payment: Payment) -> list[Case]:
    """The cases that follow from this payment alone."""
    found = []
    if payment.status is Status.PAID and payment.late:
        found.append(_paid_late(payment))
    if payment.disagreed_at is not None:
        found.append(_disagreement(payment, payment.disagreed_at))
    given_up = _given_up_at(payment)
    if given_up is not None:
        found.append(_unresolved(payment, given_up))
    return found


def duplicates_among(payments: Iterable[Payment]) -> list[Case]:
    """A case for each paid payment of an order except the first one, by (paidAt, id)."""
    paid = sorted(
        (payment.paid_at, payment.id, payment)
        for payment in payments
        if payment.status is Status.PAID and payment.paid_at is not None
    )
    return [
        _case(
            CaseKind.DUPLICATE_PAID,
            payment,
            paid_at,
            paidAt=to_rfc3339(paid_at),
            firstPaymentId=first.id,
            firstAmount=format_som(Tyiyn(first.amount)),
            firstPaidAt=to_rfc3339(first_paid_at),
        )
        for first_paid_at, _, first in paid[:1]
        for paid_at, _, payment in paid[1:]
    ]


def paid_unknown(unknown_id: str, first_seen_at: int, paid_at: int) -> Case:
    """The case of an id that this stack never started. Elsom states neither amount nor order."""
    evidence = {"firstSeenAt": to_rfc3339(first_seen_at), "paidAt": to_rfc3339(paid_at)}
    return Case(
        id=case_id(CaseKind.PAID_UNKNOWN, unknown_id),
        case_kind=CaseKind.PAID_UNKNOWN,
        payment_id=unknown_id,
        evidence=evidence,
        opened_at=paid_at,
        sequence=paid_at,
    )


def resolve(case: Case, note: str, now: int, resolved_by: str | None = None) -> Case:
    """Resolve an open case with a person's note; a resolved one stays as it is.

    As for payments, `sequence` also rises after a restore, which may have opened the case again.
    """
    if case.state is CaseState.RESOLVED:
        return case
    return msgspec.structs.replace(
        case,
        state=CaseState.RESOLVED,
        note=note,
        resolved_at=now,
        resolved_by=resolved_by,
        sequence=next_sequence(case.sequence, now),
    )


def case_id(kind: CaseKind, payment_id: str) -> str:
    """The one id that a case of this kind can have for this payment."""
    return derive_id("case", kind, payment_id)


def _paid_late(payment: Payment) -> Case:
    paid_at = payment.paid_at or payment.updated_at
    ended: dict[str, Any] = next(
        (entry for entry in reversed(payment.timeline) if entry["what"] in _NEGATIVE), {}
    )
    evidence = {
        "paidAt": to_rfc3339(paid_at),
        "endedAs": ended.get("what"),
        "endedAt": to_rfc3339(ended["at"]) if ended else None,
        "endReason": ended.get("reason"),
    }
    return _case(CaseKind.PAID_LATE, payment, paid_at, **evidence)


def _disagreement(payment: Payment, disagreed_at: int) -> Case:
    entry: dict[str, Any] = next(
        (one for one in payment.timeline if one["what"] == "disagreement"), {}
    )
    return _case(
        CaseKind.DISAGREEMENT,
        payment,
        disagreed_at,
        paidAt=to_rfc3339(payment.paid_at) if payment.paid_at else None,
        answer=entry.get("answer"),
        answeredAt=to_rfc3339(disagreed_at),
    )


def _given_up_at(payment: Payment) -> int | None:
    """When the payment was given up, also if it was paid late after that."""
    if payment.status is Status.EXPIRED and payment.status_reason is Reason.UNRESOLVED:
        return status_since(payment)
    entries = (one["at"] for one in payment.timeline if one.get("reason") == Reason.UNRESOLVED)
    return next(entries, None)


def _unresolved(payment: Payment, given_up_at: int) -> Case:
    return _case(
        CaseKind.UNRESOLVED,
        payment,
        given_up_at,
        startedAt=to_rfc3339(payment.created_at),
        givenUpAt=to_rfc3339(given_up_at),
        queries=payment.queries,
    )


def _case(kind: CaseKind, payment: Payment, opened_at: int, **evidence: Any) -> Case:
    """A case of a payment; its evidence always has the amount."""
    return Case(
        id=case_id(kind, payment.id),
        case_kind=kind,
        payment_id=payment.id,
        order=payment.order_id,
        evidence={"amount": format_som(Tyiyn(payment.amount)), **evidence},
        opened_at=opened_at,
        sequence=opened_at,
    )
