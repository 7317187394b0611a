"""How a call to Elsom can end, and what the use cases ask of whoever makes the calls."""

from __future__ import annotations

from typing import Protocol

import msgspec

from payments.elsom.protocol import Accepted, Answered, Merchant, Refused, Start


class NothingSent(msgspec.Struct, frozen=True):
    """The start never left this machine."""

    why: str


class OutcomeUnknown(msgspec.Struct, frozen=True):
    """The start may have reached Elsom."""

    why: str


class NoStatus(msgspec.Struct, frozen=True):
    """Elsom responded with an HTTP 4xx that is about this id: it was there, and told no status."""

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
    """What the use cases ask of Elsom; the simulation plays it too."""

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        """Send one start, taking at most `seconds`."""

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        """Ask once for the status."""
