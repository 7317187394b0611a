"""A circuit breaker for status queries: when Elsom does not respond, it is not queried for a while.

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
# The proof that Elsom accepts our queries is written no more often than this.
PROOF_EVERY: Final = 10 * MINUTE
# How long an old payment without a status waits for the next proof, whatever it is.
WANTED_FOR: Final = DAY


class Circuit(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How Elsom responds to status queries: failures in a row, and until when none is sent.

    `status_at` and `status_of`: when Elsom last told a known payment's status, and whose; written
    seldom, and after a paid payment's `A` only until `wanted_until`. Moments in milliseconds.
    """

    failures: int = 0
    open_until: int = 0
    status_at: int = 0
    status_of: str = ""
    wanted_until: int = 0
    version: int = 0


def is_open(circuit: Circuit, now: int) -> bool:
    """Whether queries are to wait."""
    return now < circuit.open_until


def is_healthy(circuit: Circuit) -> bool:
    """Whether Elsom responded lately; if not, only a few queries try it."""
    return circuit.failures < THRESHOLD


def proof_for(payment_id: str, circuit: Circuit) -> int | None:
    """When Elsom last told another payment's status; None when it is not known to have."""
    return circuit.status_at if circuit.status_of not in {"", payment_id} else None


def record_failure(circuit: Circuit, now: int, jitter: float) -> Circuit:
    """Count a query without a response; from the fifth in a row on, pause, longer each time.

    Only for known payments: what Elsom does with ids it does not know says nothing about its
    health. `jitter` is 0 to 1.
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
    """Elsom responded about a known payment: the circuit closes; a status is proof that it is well.

    `answer` is None for a response without a status. An unchanged circuit is the same object.
    """
    after = circuit
    if circuit.failures:
        after = replace(after, failures=0, open_until=0)
    if answer is not None and _is_wanted(answer, circuit, now):
        after = replace(after, status_at=now, status_of=payment_id)
    return after


def want_proof(circuit: Circuit, now: int) -> Circuit:
    """An old payment has no status: the next status of another one is written, whatever it is."""
    if circuit.wanted_until >= now + WANTED_FOR // 2:
        return circuit
    return replace(circuit, wanted_until=now + WANTED_FOR)


def _is_wanted(answer: ElsomStatus, circuit: Circuit, now: int) -> bool:
    """A paid payment costs no write more, unless a payment waits for this proof."""
    if answer is ElsomStatus.PAID and now >= circuit.wanted_until:
        return False
    return now - circuit.status_at >= PROOF_EVERY
