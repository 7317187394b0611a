"""A circuit breaker: while Elsom does not respond, status queries pause.

Pure: each function returns the next state, the use case saves it. Starts never use it.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from payments.domain.clock import DAY, MINUTE, SECOND
from payments.domain.payment import ElsomStatus

THRESHOLD: Final = 5
SHORTEST_PAUSE: Final = 30 * SECOND
LONGEST_PAUSE: Final = 300 * SECOND
# The proof that Elsom accepts our queries is written at most this often.
PROOF_EVERY: Final = 10 * MINUTE
# For this long after an old payment got no status, any payment's status is written as proof.
WANTED_FOR: Final = DAY


class Circuit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How Elsom responds to status queries: failures in a row, and until when none is sent.

    `status_at` and `status_of`: when Elsom last gave a known payment's status, and which payment's.
    They are written seldom, and after an `A` only until `wanted_until`. Times in milliseconds.
    """

    failures: int = 0
    open_until: int = 0
    status_at: int = 0
    status_of: str = ""
    wanted_until: int = 0
    version: int = 0


def is_open(circuit: Circuit, now: int) -> bool:
    """Whether queries must wait."""
    return now < circuit.open_until


def is_healthy(circuit: Circuit) -> bool:
    """Whether Elsom responds; while it does not, the schedule sends only a few queries."""
    return circuit.failures < THRESHOLD


def proof_for(payment_id: str, circuit: Circuit) -> int | None:
    """When Elsom last gave another payment's status, as far as this is known."""
    return circuit.status_at if circuit.status_of not in {"", payment_id} else None


def record_failure(circuit: Circuit, now: int, jitter: float) -> Circuit:
    """Count a query without a response; from the fifth in a row on, pause, longer each time.

    Call it for known payments only: how Elsom treats ids that it does not know says nothing about
    its health. `jitter` is 0 to 1.
    """
    failures = circuit.failures + 1
    open_until = 0
    if failures >= THRESHOLD:
        pause = min(SHORTEST_PAUSE << min(failures - THRESHOLD, 10), LONGEST_PAUSE)
        open_until = now + int(pause * (0.5 + jitter / 2))
    return replace(circuit, failures=failures, open_until=open_until)


def record_success(
    circuit: Circuit, payment_id: str, answer: ElsomStatus | None, now: int
) -> Circuit:
    """Close the circuit after a response about a known payment; keep a status as proof.

    `answer` is None for a response without a status. An unchanged circuit is the same object.
    """
    after = circuit
    if circuit.failures:
        after = replace(after, failures=0, open_until=0)
    if answer is not None and _is_wanted(answer, circuit, now):
        after = replace(after, status_at=now, status_of=payment_id)
    return after


def want_proof(circuit: Circuit, now: int) -> Circuit:
    """Have the next status of any other payment written: an old payment got none."""
    if circuit.wanted_until >= now + WANTED_FOR // 2:
        return circuit
    return replace(circuit, wanted_until=now + WANTED_FOR)


def _is_wanted(answer: ElsomStatus, circuit: Circuit, now: int) -> bool:
    """Whether to write this status as proof; an `A` only where a payment waits for one."""
    if answer is ElsomStatus.PAID and now >= circuit.wanted_until:
        return False
    return now - circuit.status_at >= PROOF_EVERY
