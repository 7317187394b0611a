"""What a call can raise.

ElsomPaymentsError
├── ApiError                    the API answered with a problem; its text and `problem` say which
│   ├── InvalidRequest          400  the input is wrong: `fields` says where
│   ├── GatewayError            403, 429, 5xx of API Gateway itself: not signed, not allowed, busy
│   ├── NotFound                404  no such payment or case
│   ├── StartInProgress         409  another call with this key has not ended
│   ├── StateConflict           409  not possible in this state
│   ├── IdempotencyKeyReused    422  the key belongs to another request
│   ├── ElsomRefused            422  Elsom refused the payment; a new attempt needs a new key
│   ├── InternalError           500
│   ├── NotConfigured           503  the merchant's data are not filled in
│   ├── ElsomUnreachable        503  nothing was sent to Elsom, or it does not answer
│   ├── ReportTooLarge          503  the day has too many payments for one call
│   └── TryAgain                503  the store or a queue does not answer
├── ApiUnreachable              no usable answer came back
└── StillOpen                   `wait` ran out of time

`may_repeat` is true where the same call, with the same key, may succeed later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from elsom_payments_client.types import Payment


class ElsomPaymentsError(Exception):
    """The root of all that a call raises on purpose."""

    may_repeat = False


class ApiError(ElsomPaymentsError):
    """A problem of the API: `name` is the last part of its type, `fields` names wrong input.

    `request` is what a report of the problem should quote. `retry_after` is in seconds.
    """

    def __init__(
        self, status: int, problem: Mapping[str, Any], retry_after: float | None = None
    ) -> None:
        self.status = status
        self.problem = dict(problem)
        self.retry_after = retry_after
        self.name = str(problem.get("type", "")).rpartition(":")[2]
        self.fields: dict[str, str] = {
            error["field"]: error["message"] for error in problem.get("errors", ())
        }
        self.request = str(problem.get("instance", ""))
        said = problem.get("detail") or problem.get("title") or problem.get("message")
        parts = (str(status), self.name, str(said or "no reason given"))
        text = ": ".join(part for part in parts if part)
        super().__init__(f"{text} ({self.request})" if self.request else text)

    @property
    def may_repeat(self) -> bool:  # type: ignore[override]  # read only here
        """Whether the same call may succeed later: 429, 5xx, and 409 while a start still runs."""
        waits = self.status == 409 and self.retry_after is not None
        return waits or self.status == 429 or self.status >= 500


class InvalidRequest(ApiError):
    """The input breaks a rule: `fields` says which and how."""


class GatewayError(ApiError):
    """API Gateway itself refused: the signature, the caller's rights, or too many calls."""


class NotFound(ApiError):
    """There is no such payment or case."""


class StartInProgress(ApiError):
    """Another call with this key has not ended."""


class StateConflict(ApiError):
    """The payment or case is not in a state that allows this."""


class IdempotencyKeyReused(ApiError):
    """The key belongs to another request."""


class ElsomRefused(ApiError):
    """Elsom refused the start; the payment is stored as failed. A new attempt needs a new key."""

    @property
    def payment_id(self) -> str:
        """The failed payment."""
        return str(self.problem["paymentId"])

    @property
    def elsom_error_code(self) -> str:
        """Elsom's own code."""
        return str(self.problem["elsomErrorCode"])

    @property
    def elsom_error_message(self) -> str | None:
        """Elsom's own words, if it sent any."""
        message = self.problem.get("elsomErrorMessage")
        return None if message is None else str(message)


class InternalError(ApiError):
    """Something unforeseen happened; `request` finds it in the stack's logs."""


class NotConfigured(ApiError):
    """The stack's secret does not hold the merchant's data yet."""


class ElsomUnreachable(ApiError):
    """Nothing was sent to Elsom, or Elsom does not answer."""


class ReportTooLarge(ApiError):
    """The day has more payments than the API can add up in one call; no repetition helps."""

    may_repeat = False


class TryAgain(ApiError):
    """The stack's store or queue does not answer."""


class ApiUnreachable(ElsomPaymentsError):
    """No usable answer came back. For a start: repeat it with the same idempotency key."""

    may_repeat = True


class StillOpen(ElsomPaymentsError):
    """The payment has no end yet; `payment` is how it stands."""

    may_repeat = True

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"payment {payment.id} is still {payment.status}")
        self.payment = payment


BY_NAME: Final[Mapping[str, type[ApiError]]] = {
    "invalid-request": InvalidRequest,
    "gateway": GatewayError,
    "not-found": NotFound,
    "start-in-progress": StartInProgress,
    "conflict": StateConflict,
    "idempotency-key-reused": IdempotencyKeyReused,
    "elsom-refused": ElsomRefused,
    "internal": InternalError,
    "not-configured": NotConfigured,
    "elsom-unreachable": ElsomUnreachable,
    "report-too-large": ReportTooLarge,
    "try-again": TryAgain,
}


def error_of(status: int, problem: Mapping[str, Any], retry_after: float | None) -> ApiError:
    """The error of the problem's own class; ApiError where this client knows none."""
    name = str(problem.get("type", "")).rpartition(":")[2]
    return BY_NAME.get(name, ApiError)(status, problem, retry_after)
