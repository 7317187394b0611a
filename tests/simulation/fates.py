"""What becomes of a payment at Elsom, whatever anybody is told of it."""

from dataclasses import dataclass
from random import Random
from typing import Final

from payments.model import Answer
from payments.moments import DAY, HOUR, MINUTE, SECOND

Span = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """So long after the step before, the payment is so."""

    wait: Span
    status: Answer


@dataclass(frozen=True)
class Fate:
    """A course of events. `sure`: its last notification is repeated until we take it."""

    name: str
    weight: float
    steps: tuple[Step, ...] = ()
    sure: bool = False
    refused: bool = False
    knows: bool = True
    # So long after its start Elsom does not know it any more.
    forgets: Span | None = None


SOON: Final = (20 * SECOND, 10 * MINUTE)
# Late checks go on for two days after an end.
WITHIN_LATE_CHECKS: Final = (5 * MINUTE, 30 * HOUR)
PAID_SOON: Final = Step(SOON, Answer.PAID)
TIMED_OUT: Final = Step((10 * MINUTE, 20 * MINUTE), Answer.TIMED_OUT)
PAID_LATE: Final = Step(WITHIN_LATE_CHECKS, Answer.PAID)
DAYS_LATER: Final = Step((3 * DAY, 5 * DAY), Answer.PAID)

FATES: Final = (
    Fate("paid", 40, (PAID_SOON,)),
    Fate("paid before the start is answered", 6, (Step((0, 0), Answer.PAID),)),
    Fate("paid late", 4, (Step((70 * MINUTE, 150 * MINUTE), Answer.PAID),)),
    Fate("timed out", 9, (TIMED_OUT,)),
    Fate("cancelled", 5, (Step(SOON, Answer.CANCELLED),)),
    Fate("failed", 4, (Step(SOON, Answer.ERROR),)),
    Fate("timed out, then paid", 4, (TIMED_OUT, PAID_LATE)),
    Fate("timed out, paid days later", 10, (TIMED_OUT, DAYS_LATER), sure=True),
    Fate("cancelled, then paid", 2, (Step(SOON, Answer.CANCELLED), PAID_LATE)),
    Fate("failed, then paid", 2, (Step(SOON, Answer.ERROR), PAID_LATE)),
    Fate("paid, then failed", 4, (PAID_SOON, Step((MINUTE, HOUR), Answer.ERROR))),
    Fate("paid and timed out at once", 2, (PAID_SOON, Step((1, 3_000), Answer.TIMED_OUT))),
    Fate("timed out and paid at once", 2, (TIMED_OUT, Step((1, 3_000), Answer.PAID))),
    Fate("never", 1),
    Fate("never, paid days later", 1, (Step((53 * HOUR, 80 * HOUR), Answer.PAID),), sure=True),
    Fate("refused", 3, refused=True, knows=False),
    Fate("refused, failed", 1.5, (Step((0, 0), Answer.ERROR),), refused=True),
    Fate("never, and forgotten", 0.6, forgets=(MINUTE, 3 * HOUR)),
    Fate("timed out, and forgotten", 0.6, (TIMED_OUT,), forgets=(25 * MINUTE, 3 * HOUR)),
    Fate("refused, then paid", 2, (PAID_LATE,), refused=True),
)


def choose_fate(rng: Random, forgets: float = 1.0) -> Fate:
    """`forgets`: how much likelier than usual Elsom forgets a payment."""
    weights = [fate.weight * (forgets if fate.forgets else 1) for fate in FATES]
    return rng.choices(FATES, weights)[0]


def choose_lag(rng: Random) -> int:
    """How long status answers stay behind the truth."""
    return rng.randint(5 * SECOND, 35 * SECOND) if rng.random() < 0.15 else 0
