"""Elsom with a watch in hand: how often it is called, how often it is silent, how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from payments.elsom.outcomes import (
    Elsom,
    NothingSent,
    OutcomeUnknown,
    Silent,
    StartOutcome,
    StatusOutcome,
)
from payments.elsom.wire import Merchant, Start
from payments.telemetry import Metric, count, measure

# A refusal is an answer; these are none.
_NO_ANSWER: Final = (NothingSent, OutcomeUnknown, Silent)


class MeasuredElsom:
    """Another Elsom, measured; `watch` tells seconds."""

    def __init__(self, elsom: Elsom, watch: Callable[[], float] = time.monotonic) -> None:
        self._elsom = elsom
        self._watch = watch

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        """Send one start, taking at most `seconds`."""
        return self._measured(lambda: self._elsom.start(start, merchant, seconds))

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        """Ask once for the status."""
        return self._measured(lambda: self._elsom.status(payment_id, merchant))

    def _measured[Outcome](self, call: Callable[[], Outcome]) -> Outcome:
        began = self._watch()
        outcome = call()
        measure(Metric.ELSOM_LATENCY, round((self._watch() - began) * 1000))
        count(Metric.ELSOM_SILENT, int(isinstance(outcome, _NO_ANSWER)))
        return outcome
