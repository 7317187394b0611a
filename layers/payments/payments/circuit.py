"""A circuit for status questions: a silent Elsom is left alone for a while. Starts never use it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from msgspec.structs import replace

from payments.elsom.outcomes import NoStatus, Silent, StatusOutcome
from payments.elsom.wire import Answered
from payments.errors import StoreUnavailable
from payments.model import Answer
from payments.moments import DAY, MINUTE, SECOND
from payments.store.schedule import Circuit, Schedule

THRESHOLD: Final = 5
SHORTEST_PAUSE: Final = 30 * SECOND
LONGEST_PAUSE: Final = 300 * SECOND
# An odd word about one payment says nothing about Elsom's health.
_ABOUT_ONE_PAYMENT: Final = frozenset({"unknown-status", "no-error-code"})
# The proof that Elsom accepts our queries is written no more often than this.
PROOF_EVERY: Final = 10 * MINUTE
# How long an old payment without a status waits for the next proof, whatever it is.
WANTED_FOR: Final = DAY


def is_open(circuit: Circuit, now: int) -> bool:
    """Whether questions are to wait."""
    return now < circuit.open_until


def is_healthy(circuit: Circuit) -> bool:
    """Whether Elsom answered lately; if not, only a few questions try it."""
    return circuit.failures < THRESHOLD


def proof_for(payment_id: str, circuit: Circuit) -> int | None:
    """When Elsom last told another payment's status; None when it is not known to have."""
    return circuit.status_at if circuit.status_of not in {"", payment_id} else None


def record_silence(
    silent: Silent, now: int, schedule: Schedule, jitter: Callable[[], float]
) -> None:
    """Count a question without an answer; from the fifth in a row on, pause, longer each time.

    Only for known payments: what Elsom does with ids it does not know tells nothing.
    """
    if silent.why in _ABOUT_ONE_PAYMENT:
        return
    with suppress(StoreUnavailable):
        before = schedule.circuit()
        failures = before.failures + 1
        open_until = 0
        if failures >= THRESHOLD:
            pause = min(SHORTEST_PAUSE << min(failures - THRESHOLD, 10), LONGEST_PAUSE)
            open_until = now + int(pause * (0.5 + jitter() / 2))
        schedule.save_circuit(before, replace(before, failures=failures, open_until=open_until))


def record_response(
    outcome: StatusOutcome, payment_id: str, circuit: Circuit, now: int, schedule: Schedule
) -> None:
    """Elsom responded about a known payment: the circuit closes; a status is proof that it is well.

    Nothing fails for it: what it stands on is stored already.
    """
    closes = circuit.failures > 0 and not isinstance(outcome, NoStatus)
    proves = isinstance(outcome, Answered) and _is_wanted(outcome.answer, circuit, now)
    if not closes and not proves:
        return
    with suppress(StoreUnavailable):
        before = schedule.circuit()
        after = replace(before, failures=0, open_until=0) if closes else before
        if proves:
            after = replace(after, status_at=now, status_of=payment_id)
        if after != before:
            schedule.save_circuit(before, after)


def want_proof(now: int, schedule: Schedule) -> None:
    """An old payment has no status: the next status of another one is written, whatever it is."""
    with suppress(StoreUnavailable):
        before = schedule.circuit()
        if before.wanted_until < now + WANTED_FOR // 2:
            schedule.save_circuit(before, replace(before, wanted_until=now + WANTED_FOR))


def _is_wanted(answer: Answer, circuit: Circuit, now: int) -> bool:
    """A paid payment costs no write more, unless a payment waits for this proof."""
    if answer is Answer.PAID and now >= circuit.wanted_until:
        return False
    return now - circuit.status_at >= PROOF_EVERY
