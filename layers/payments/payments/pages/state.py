"""The state that a page shows for a payment, from its status, its reason and `late`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from payments.domain.payment import Payment, Reason, Status


class State(StrEnum):
    """What the customer sees."""

    WAITING = "waiting"
    UNKNOWN = "unknown"
    PAID = "paid"
    LATE = "late"
    EXPIRED = "expired"
    UNRESOLVED = "unresolved"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNSENT = "unsent"


_STATE_OF: Final = {
    Status.CREATED: State.WAITING,
    Status.PENDING: State.WAITING,
    Status.START_UNKNOWN: State.UNKNOWN,
    Status.EXPIRED: State.EXPIRED,
    Status.CANCELLED: State.CANCELLED,
    Status.FAILED: State.FAILED,
}
# No later answer of Elsom changes these.
SETTLED: Final = frozenset({State.PAID, State.LATE, State.UNSENT})
UNDECIDED: Final = frozenset({State.WAITING, State.UNKNOWN})


def shown_status(payment: Payment) -> str:
    """The status in the customer's pages and in the `returnUrl`.

    A payment that was given up is not called `expired`: a shop would offer to pay again.
    """
    state = state_of(payment)
    return str(state if state is State.UNRESOLVED else payment.status)


def state_of(payment: Payment) -> State:
    """The state to show for a payment."""
    if payment.status is Status.PAID:
        return State.LATE if payment.late else State.PAID
    if payment.status_reason is Reason.ELSOM_UNREACHABLE:
        return State.UNSENT
    if payment.status_reason is Reason.UNRESOLVED:
        return State.UNRESOLVED
    return _STATE_OF[payment.status]
