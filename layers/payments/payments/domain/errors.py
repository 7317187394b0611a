"""The errors of this package, as one tree.

PaymentsError
├── InvalidRequest            the caller's input is wrong; says which fields          400
├── NotFound                  no such payment, case or page                           404
├── IdempotencyKeyReused      same key, another request                               422
├── StartInProgress           same key, the first start still runs                    409
├── StateConflict             the payment or case is not in a state that allows it    409
├── ElsomRefused              Elsom refused a start                                   422
├── ElsomUnreachable          nothing was sent, or Elsom does not respond             503
├── NotConfigured             the merchant's secret is not filled in                  503
├── StoreUnavailable          DynamoDB cannot be read or written                      503
├── ReportTooLarge            a day has more payments than can be added up in time    503
├── QueueUnavailable          SQS or the bus does not take a message                  503
└── WriteConflict             another writer was first; holds what is stored now      (internal)
"""

from __future__ import annotations

from typing import Any

from payments.domain.masking import mask_numbers


class PaymentsError(Exception):
    """The root of all errors that this package raises on purpose."""


class InvalidRequest(PaymentsError):
    """The input breaks a rule; `errors` lists (field, message) pairs."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        # An unknown field is named as the caller wrote it, so its name may be a wallet number.
        self.errors = tuple((mask_numbers(field), message) for field, message in errors)
        super().__init__("; ".join(f"{field}: {message}" for field, message in self.errors))


class NotFound(PaymentsError):
    """Nothing is stored under this id, or the caller may not know that it is."""


class IdempotencyKeyReused(PaymentsError):
    """The key belongs to a request with other content."""


class StartInProgress(PaymentsError):
    """Another call with this key still runs; `retry_after` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"a start with this key still runs; repeat in {retry_after} s")
        self.retry_after = retry_after


class StateConflict(PaymentsError):
    """The payment or case is not in a state that allows this."""


class ElsomRefused(PaymentsError):
    """Elsom refused a start; the payment is stored as failed."""

    def __init__(self, payment_id: str, code: str, message: str | None) -> None:
        super().__init__(f"Elsom refused the payment with error code {code}")
        self.payment_id = payment_id
        self.code = code
        self.elsom_message = message


class ElsomUnreachable(PaymentsError):
    """Elsom could not be reached, or gave no usable response."""


class NotConfigured(PaymentsError):
    """The merchant's secret still holds placeholders, or cannot be read."""


class StoreUnavailable(PaymentsError):
    """DynamoDB refused or did not respond; a write may have been made all the same."""


class ReportTooLarge(PaymentsError):
    """The function's time is too short to add up this day."""


class QueueUnavailable(PaymentsError):
    """A message could not be sent, or an event could not be published."""


class WriteConflict(PaymentsError):
    """Another writer was first; `current` is what is stored now (None: nothing)."""

    def __init__(self, current: Any) -> None:
        super().__init__("another writer was first")
        self.current = current
