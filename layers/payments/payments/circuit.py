"""A circuit for status questions: a silent Elsom is left alone for a while. Starts never use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from payments.elsom.outcomes import Silent
from payments.moments import SECOND
from payments.store.schedule import Circuit, Schedule

THRESHOLD: Final = 5
SHORTEST_PAUSE: Final = 30 * SECOND
LONGEST_PAUSE: Final = 300 * SECOND
# An odd word about one payment says nothing about Elsom's health.
_ABOUT_ONE_PAYMENT: Final = frozenset({"unknown-status", "no-error-code"})


def is_open(circuit: Circuit, now: int) -> bool:
    """Whether questions are to wait."""
    return now < circuit.open_until


def is_healthy(circuit: Circuit) -> bool:
    """Whether Elsom answered lately; if not, only a few questions try it."""
    return circuit.failures < THRESHOLD


def record_silence(
    silent: Silent, now: int, schedule: Schedule, jitter: Callable[[], float]
) -> None:
    """Count a question without an answer; from the fifth in a row on, pause, longer each time."""
    if silent.why in _ABOUT_ONE_PAYMENT:
        return
    before = schedule.circuit()
    failures = before.failures + 1
    open_until = 0
    if failures >= THRESHOLD:
        pause = min(SHORTEST_PAUSE << min(failures - THRESHOLD, 10), LONGEST_PAUSE)
        open_until = now + int(pause * (0.5 + jitter() / 2))
    schedule.save_circuit(
        before, Circuit(failures=failures, open_until=open_until, version=before.version)
    )


def record_word(schedule: Schedule) -> None:
    """Elsom spoke: the circuit closes."""
    before = schedule.circuit()
    if before.failures:
        schedule.save_circuit(before, Circuit(version=before.version))
