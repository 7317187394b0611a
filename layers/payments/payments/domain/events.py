"""Events: which change publishes which event. Pure: no clock, no I/O.

An event's id is made of the id and the `sequence` of its payment or case. So it is the same however
often the event is published, also from the table years later.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from payments.domain.cases import Case, CaseKind, CaseState
from payments.domain.clock import to_rfc3339
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status, status_since
from payments.domain.views import PaymentView, SequenceNumber, view_payment_for_event

SOURCE: Final = "elsom.payments"


class EventType(StrEnum):
    """The detail-type on the bus, and `type` in the detail."""

    PAYMENT_PENDING = "payment.pending"
    PAYMENT_PAID = "payment.paid"
    PAYMENT_PAID_LATE = "payment.paid_late"
    PAYMENT_EXPIRED = "payment.expired"
    PAYMENT_CANCELLED = "payment.cancelled"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_START_UNKNOWN = "payment.start_unknown"
    CASE_OPENED = "case.opened"
    CASE_RESOLVED = "case.resolved"


class CaseView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A case as the API shows it. Times in RFC 3339 UTC."""

    id: str
    kind: CaseKind
    state: CaseState
    payment_id: str
    order_id: str | None
    evidence: dict[str, Any]
    opened_at: str
    resolved_at: str | None
    resolved_by: str | None
    note: str | None
    sequence: SequenceNumber


class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment has changed its status. `sequence` tells which of two events is newer."""

    event_id: str
    sequence: SequenceNumber
    type: EventType
    occurred_at: str
    payment: PaymentView


class CaseEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A case was opened or resolved."""

    event_id: str
    sequence: SequenceNumber
    type: EventType
    occurred_at: str
    case: CaseView


Event = PaymentEvent | CaseEvent

# Every status has its event, except the one of a payment whose start has no outcome yet.
_TYPE_OF: Final[Mapping[Status, EventType]] = {
    status: EventType(f"payment.{status}") for status in Status if status is not Status.CREATED
}


def payment_event(before: Payment | None, after: Payment) -> PaymentEvent | None:
    """The event of one write of a payment; None where the status is the same."""
    if before is not None and before.status is after.status:
        return None
    return last_payment_event(after)


def last_payment_event(payment: Payment) -> PaymentEvent | None:
    """The event of the payment's present status; None while its start has no outcome."""
    event_type = _TYPE_OF.get(payment.status)
    if event_type is None:
        return None
    if payment.status is Status.PAID and payment.late:
        event_type = EventType.PAYMENT_PAID_LATE
    return PaymentEvent(
        event_id=event_id(payment.id, payment.sequence),
        sequence=payment.sequence,
        type=event_type,
        occurred_at=to_rfc3339(status_since(payment)),
        payment=view_payment_for_event(payment),
    )


class PaymentEventRef(msgspec.Struct, frozen=True):
    """The event of a change of status."""

    event_id: str
    type: EventType
    sequence: int
    at: int


def events_of(payment: Payment) -> list[PaymentEventRef]:
    """The events of all changes of status that the timeline still holds, the oldest first."""
    found = []
    for entry in payment.timeline:
        event_type = _TYPE_OF.get(entry["what"]) if "sequence" in entry else None
        if event_type is EventType.PAYMENT_PAID and payment.late:
            event_type = EventType.PAYMENT_PAID_LATE
        if event_type is not None:
            sequence = int(entry["sequence"])
            identifier = event_id(payment.id, sequence)
            found.append(PaymentEventRef(identifier, event_type, sequence, int(entry["at"])))
    return found


def case_event(before: Case | None, after: Case) -> CaseEvent | None:
    """The event of one write of a case; None where its state is the same."""
    if before is not None and before.state is after.state:
        return None
    return last_case_event(after)


def last_case_event(case: Case) -> CaseEvent:
    """The event of the case's present state."""
    resolved = case.state is CaseState.RESOLVED and case.resolved_at is not None
    moment = case.resolved_at if resolved and case.resolved_at else case.opened_at
    return CaseEvent(
        event_id=event_id(case.id, case.sequence),
        sequence=case.sequence,
        type=EventType.CASE_RESOLVED if resolved else EventType.CASE_OPENED,
        occurred_at=to_rfc3339(moment),
        case=view_case(case),
    )


def view_case(case: Case) -> CaseView:
    """The case as others see it."""
    return CaseView(
        id=case.id,
        kind=case.case_kind,
        state=case.state,
        payment_id=case.payment_id,
        order_id=case.order,
        evidence=case.evidence,
        opened_at=to_rfc3339(case.opened_at),
        resolved_at=to_rfc3339(case.resolved_at) if case.resolved_at is not None else None,
        resolved_by=case.resolved_by,
        note=case.note,
        sequence=case.sequence,
    )


def event_id(subject_id: str, sequence: int) -> str:
    """The id of the event that this payment or case had at this `sequence`."""
    return derive_id("event", subject_id, str(sequence))
