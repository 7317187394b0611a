"""How a call to Elsom can end, and the interface of what makes the calls."""

from __future__ import annotations

from typing import Protocol

import msgspec

from payments.elsom.protocol import Accepted, Answered, Merchant, Refused, Start


class NothingSent(msgspec.Struct, frozen=True):
    """Nothing of the start was sent."""

    why: str


class OutcomeUnknown(msgspec.Struct, frozen=True):
    """The start may have reached Elsom."""

    why: str


class NoStatus(msgspec.Struct, frozen=True):
    """Elsom responded with an HTTP 4xx about this id, and gave no status."""

    why: str


class NoResponse(msgspec.Struct, frozen=True):
    """Elsom gave no usable response to a status query.

    `about_one_payment`: Elsom did respond, with a value for this payment that cannot be read. That
    says nothing about Elsom's health.
    """

    why: str
    about_one_payment: bool = False


StartOutcome = Accepted | Refused | NothingSent | OutcomeUnknown
StatusOutcome = Answered | Refused | NoStatus | NoResponse


class Elsom(Protocol):
    """What the use cases need of Elsom; the simulation has one of its own."""

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        """Send one start, which takes at most `seconds`. It is never sent again."""

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        """Query the status once."""
