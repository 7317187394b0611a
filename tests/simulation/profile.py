"""What kind of world a seed makes: its Elsom, its shops, its floods, and how things fail there."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from payments.domain.clock import HOUR, MINUTE
from tests.simulation.faults import Weights
from tests.simulation.network import TROUBLES
from tests.simulation.rules import SKEW

Whom = Literal["a known id", "an unknown id", "unknown ids"]
# No flood has more notifications: what it does, it does by then.
MOST_OF_A_FLOOD: Final = 20_000
MOST_UNKNOWN: Final = 1_500


@dataclass(frozen=True)
class Flood:
    """So many notifications a second about one id, or each about another."""

    whom: Whom
    rate: int
    at: int
    lasts: int


@dataclass(frozen=True)
class Profile:
    """Rates and kinds. `plain`: a world with nothing special about it.

    `orders_for`: within which time most shops order. `eager`: how many more calls with one key, at
    most. `unsent`, `silent`: how much likelier than usual a connection to Elsom fails, or hangs.
    """

    orders_for: int = 8 * HOUR
    skew: int = SKEW
    unknown_says: str = "error code"
    unknown_for: int = 0
    eager: int = 0
    looks: float = 0.4
    resends: float = 0.05
    unsent: float = 1.0
    no_response: float = 1.0
    forgets: float = 1.0
    shop_fails: float = 1.0
    index_late: float = 0.003
    miscounted: float = 0.1
    rough_backlog: bool = True
    floods: tuple[Flood, ...] = ()
    losses: int = 1
    republished: int = 1
    restored: bool = False

    def troubles(self) -> Weights:
        """What goes wrong on the way to Elsom here."""
        factors = {
            "refused": self.unsent,
            "no connection": self.unsent,
            "hang": self.no_response,
            "reset": self.no_response,
        }
        return tuple((name, weight * factors.get(name, 1.0)) for name, weight in TROUBLES)


PLAIN: Final = Profile(skew=0, miscounted=0, rough_backlog=False, losses=0, republished=0)


def choose_profile(seed: str) -> Profile:
    """Each seed has a world of its own kind."""
    rng = Random(f"profile {seed}")
    says = rng.choice(("error code", "error code", "404", "500", "garbage"))
    return Profile(
        orders_for=rng.choice((2, 4, 8, 8, 24)) * HOUR,
        skew=rng.choice((0, SKEW, SKEW)),
        unknown_says=says,
        unknown_for=0 if says == "error code" else rng.randint(4, 12) * HOUR,
        eager=rng.choice((0, 0, 2, 5)),
        looks=rng.choice((0.1, 0.4, 0.4, 0.9)),
        resends=rng.choice((0.02, 0.05, 0.4)),
        unsent=rng.choice((1, 1, 5, 12)),
        no_response=rng.choice((1, 1, 1, 4)),
        forgets=rng.choice((0, 1, 1, 5)),
        shop_fails=rng.choice((1, 1, 4)),
        index_late=rng.choice((0.003, 0.01, 0.05)),
        miscounted=rng.choice((0.02, 0.1, 0.4)),
        rough_backlog=rng.random() < 0.7,
        floods=tuple(_choose_flood(rng) for _ in range(rng.choice((0, 0, 1, 1, 2)))),
        losses=rng.choice((0, 1, 3)),
        republished=rng.choice((0, 1, 3)),
        restored=rng.random() < 0.3,
    )


def _choose_flood(rng: Random) -> Flood:
    whom: Whom = rng.choice(("a known id", "an unknown id", "unknown ids", "unknown ids"))
    if whom == "unknown ids":
        rate, most = rng.choice((1, 2, 5, 40)), MOST_UNKNOWN
    else:
        rate, most = rng.choice((1, 2, 5, 10, 20, 40)), MOST_OF_A_FLOOD
    lasts = min(rng.randint(15, 40) * 60, most // rate)
    # Between Elsom's own outages: those excuse everything.
    minute = rng.choice((rng.randint(50, 80), rng.randint(170, 300)))
    return Flood(whom, rate, minute * MINUTE, lasts * 1_000)
