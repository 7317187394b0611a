"""What becomes of a payment at Elsom, whatever anybody is told of it."""

from dataclasses import dataclass
from random import Random
from typing import Final

from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.payment import ElsomStatus

Span = tuple[int, int]


@dataclass(frozen=True)
class Step:
    """So long after the step before, the payment is so."""

    wait: Span
    status: ElsomStatus


@dataclass(frozen=True)
class Scenario:
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
PAID_SOON: Final = Step(SOON, ElsomStatus.PAID)
TIMED_OUT: Final = Step((10 * MINUTE, 20 * MINUTE), ElsomStatus.TIMED_OUT)
PAID_LATE: Final = Step(WITHIN_LATE_CHECKS, ElsomStatus.PAID)
DAYS_LATER: Final = Step((3 * DAY, 5 * DAY), ElsomStatus.PAID)

SCENARIOS: Final = (
    Scenario("paid", 40, (PAID_SOON,)),
    Scenario("paid before the start is answered", 6, (Step((0, 0), ElsomStatus.PAID),)),
    Scenario("paid late", 4, (Step((70 * MINUTE, 150 * MINUTE), ElsomStatus.PAID),)),
    Scenario("timed out", 9, (TIMED_OUT,)),
    Scenario("cancelled", 5, (Step(SOON, ElsomStatus.CANCELLED),)),
    Scenario("failed", 4, (Step(SOON, ElsomStatus.ERROR),)),
    Scenario("timed out, then paid", 4, (TIMED_OUT, PAID_LATE)),
    Scenario("timed out, paid days later", 10, (TIMED_OUT, DAYS_LATER), sure=True),
    Scenario("cancelled, then paid", 2, (Step(SOON, ElsomStatus.CANCELLED), PAID_LATE)),
    Scenario("failed, then paid", 2, (Step(SOON, ElsomStatus.ERROR), PAID_LATE)),
    Scenario("paid, then failed", 4, (PAID_SOON, Step((MINUTE, HOUR), ElsomStatus.ERROR))),
    Scenario("paid and timed out at once", 2, (PAID_SOON, Step((1, 3_000), ElsomStatus.TIMED_OUT))),
    Scenario("timed out and paid at once", 2, (TIMED_OUT, Step((1, 3_000), ElsomStatus.PAID))),
    Scenario("never", 1),
    Scenario(
        "never, paid days later", 1, (Step((53 * HOUR, 80 * HOUR), ElsomStatus.PAID),), sure=True
    ),
    Scenario("refused", 3, refused=True, knows=False),
    Scenario("refused, failed", 1.5, (Step((0, 0), ElsomStatus.ERROR),), refused=True),
    Scenario("never, and forgotten", 0.6, forgets=(MINUTE, 3 * HOUR)),
    Scenario("timed out, and forgotten", 0.6, (TIMED_OUT,), forgets=(25 * MINUTE, 3 * HOUR)),
    Scenario("refused, then paid", 2, (PAID_LATE,), refused=True),
)


def choose_scenario(rng: Random, forgets: float = 1.0) -> Scenario:
    """`forgets`: how much likelier than usual Elsom forgets a payment."""
    weights = [scenario.weight * (forgets if scenario.forgets else 1) for scenario in SCENARIOS]
    return rng.choices(SCENARIOS, weights)[0]


def choose_lag(rng: Random) -> int:
    """How long status answers stay behind the truth."""
    return rng.randint(5 * SECOND, 35 * SECOND) if rng.random() < 0.15 else 0
