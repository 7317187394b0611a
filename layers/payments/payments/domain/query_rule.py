"""How often Elsom may be queried about one payment, and when a trigger has it queried. Pure.

At most one status query in 2 s and six in any 60 s, whatever triggers them. After a trigger Elsom
is queried at once and, while its answer stays the same, again at fixed distances from the trigger.
"""

from __future__ import annotations

from typing import Final

from payments.domain.clock import MINUTE, SECOND

SHORTEST_GAP: Final = 2 * SECOND
WINDOW: Final = MINUTE
MOST_IN_WINDOW: Final = 6
# Milliseconds after the trigger, not after the previous query.
FOLLOW_UPS: Final = tuple(seconds * SECOND for seconds in (2, 5, 9, 20, 40))


def next_allowed(queried_at: tuple[int, ...]) -> int:
    """When the rule allows the next query, in milliseconds.

    `queried_at`: when the newest query began, and before it those of the minute before it.
    """
    if not queried_at:
        return 0
    after_gap = queried_at[-1] + SHORTEST_GAP
    if len(queried_at) < MOST_IN_WINDOW:
        return after_gap
    return max(after_gap, queried_at[-MOST_IN_WINDOW] + WINDOW)


def with_query(queried_at: tuple[int, ...], now: int) -> tuple[int, ...]:
    """The queries that the rule needs, with one more that begins now."""
    recent = [moment for moment in queried_at if moment > now - WINDOW]
    return (*recent[1 - MOST_IN_WINDOW :], now)


def moment_of(triggered_at: int, step: int) -> int:
    """When query number `step` of a trigger is wanted: 0 is the trigger's own."""
    return triggered_at + (0, *FOLLOW_UPS)[step]


def next_step(triggered_at: int, now: int) -> int | None:
    """The first follow-up of a trigger that lies ahead; None where all of them are past."""
    return next(
        (step for step, after in enumerate(FOLLOW_UPS, start=1) if triggered_at + after > now),
        None,
    )
