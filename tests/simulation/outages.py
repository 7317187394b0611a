"""When Elsom, AWS's services and the shop are away, for minutes and for hours."""

from random import Random
from typing import Final

from payments.domain.clock import DAY, HOUR, MINUTE
from tests.fakes.world import NOW
from tests.simulation.faults import Away
from tests.simulation.network import Outage

OUTAGES_WITHIN: Final = 8 * HOUR


def elsom_outages(rng: Random) -> tuple[Outage, ...]:
    """Elsom is away: for minutes, for hours, and just when payments would be given up."""
    hours = (0.3, 2, 7.6, 24.8, 47.7, 50, 96)
    lengths = (8, 25, 120 + rng.randrange(240), 60, 90, 60, 60)
    kinds = ("hang unread", "mixed", "mixed", "refused", "mixed", "mixed", "garbage")
    return tuple(
        Outage(NOW + int(hour * HOUR), NOW + int(hour * HOUR) + minutes * MINUTE, kind)
        for hour, minutes, kind in zip(hours, lengths, kinds, strict=True)
    )


def aws_outages(rng: Random) -> tuple[Away, ...]:
    """AWS services that are away for minutes."""
    return tuple(
        Away(service, first, first + rng.randint(1, minutes) * MINUTE)
        for service, minutes in (("sqs", 10), ("dynamodb", 4), ("events", 20), ("sqs", 5))
        for first in (NOW + rng.randrange(OUTAGES_WITHIN), NOW + rng.randrange(3 * DAY))
    )


def shop_outages(rng: Random) -> tuple[tuple[int, int], ...]:
    first = NOW + rng.randrange(4 * HOUR)
    return ((first, first + rng.randint(1, 6) * HOUR), (NOW + 3 * DAY, NOW + 3 * DAY + HOUR))
