"""Payments to begin a test with."""

from typing import Any

from msgspec.structs import replace

from payments.domain.clock import HOUR, MINUTE, SECOND
from payments.domain.payment import ElsomStatus, Payment, Reason, Status, Trigger
from tests.fakes.elsom import PAY_PAGE
from tests.fakes.world import NOW, POLICY

PAYMENT_ID = "0123456789ABCDEFGHJK"
UNKNOWN_ID = "ZZZZZZZZZZZZZZZZZZZZ"

_BY_STATUS: dict[Status, dict[str, Any]] = {
    Status.CREATED: {"attempt_at": NOW - SECOND, "next_check_at": NOW + MINUTE},
    Status.START_UNKNOWN: {
        "next_check_at": NOW - SECOND,
        "status_reason": Reason.START_OUTCOME_UNKNOWN,
    },
    Status.PENDING: {"next_check_at": NOW - SECOND, "elsom_url": PAY_PAGE},
    Status.PAID: {"paid_at": NOW - MINUTE, "elsom_url": PAY_PAGE, "last_answer": ElsomStatus.PAID},
    Status.EXPIRED: {
        "next_check_at": NOW + HOUR,
        "last_answer": ElsomStatus.TIMED_OUT,
        "status_reason": Reason.ELSOM_2,
    },
    Status.CANCELLED: {
        "next_check_at": NOW + HOUR,
        "last_answer": ElsomStatus.CANCELLED,
        "status_reason": Reason.ELSOM_3,
    },
    Status.FAILED: {
        "next_check_at": NOW + HOUR,
        "last_answer": ElsomStatus.ERROR,
        "status_reason": Reason.ELSOM_4,
    },
}


def a_payment(status: Status = Status.PENDING, **fields: Any) -> Payment:
    """A payment of ten minutes ago (a start that runs: of a second ago), due if it is open."""
    began = NOW - SECOND if status is Status.CREATED else NOW - 10 * MINUTE
    values: dict[str, Any] = {
        "id": PAYMENT_ID,
        "amount": 150_000,
        "order_id": "A-1001",
        "language": "ru",
        "fingerprint": "f" * 32,
        "created_at": began,
        "updated_at": began,
        "expires_at": began + POLICY.lifetime,
        "timeline": ({"at": began, "what": "created"},),
    }
    return Payment(status=status, **{**values, **_BY_STATUS[status], **fields})


def queried(payment: Payment, at: int, by: Trigger) -> Payment:
    """The same payment after a question that began then."""
    return replace(payment, queried_at=(at,), queried_by=by)
