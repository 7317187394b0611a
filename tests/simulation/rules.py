"""The contract's numbers that the simulation and the exploration hold the product to."""

from dataclasses import dataclass
from typing import Final

from payments.domain.clock import HOUR, MINUTE, SECOND

# Each function's clock is off by at most this; two of them differ by at most twice as much.
SKEW: Final = 200
TOLERANCE: Final = 2 * SKEW


@dataclass(frozen=True)
class QueryRule:
    """How often Elsom may be queried about one payment: (at most so many, in any such time)."""

    name: str
    limits: tuple[tuple[int, int], ...]


QUERY_RULE: Final = QueryRule(
    "one in two seconds, six in a minute", ((1, 2 * SECOND), (6, 60 * SECOND))
)
# All unknown ids together.
UNKNOWN_INTERVAL: Final = SECOND

# A due payment waits for the schedule's next minute, and that minute's message for a worker. Where
# an index, a message or a function failed on the way, the next minute makes up for it; five of
# them, none of which met a fault of its own, are a payment that others have pushed away.
QUERIED_WITHIN_TURNS: Final = 5
# Nobody is blamed for waiting that long after an outage: what has gathered is queried first.
RECOVERY: Final = 15 * MINUTE
# However many notifications come about one id, few messages about it wait at a time.
MOST_MESSAGES: Final = 2_000
# An index may be so late.
INDEX_LATE: Final = 120 * SECOND
# After so many queries of known payments without a response, Elsom may be left alone for a while.
ILL_AFTER: Final = 5
ILL_FOR: Final = 10 * MINUTE

# Elsom's valid status about another payment shows that it was there.
WAS_THERE_WITHIN: Final = HOUR
# So many answers that count, and no end: it is not going to come.
ENDS_WITHIN_ANSWERS: Final = 4
# Unknown ids are followed for so long after the newest notification.
UNKNOWN_FOLLOWED_FOR: Final = 24 * HOUR
# HTTP statuses of the 4xx that say nothing about the payment, only about us or about Elsom.
REFUSED: Final = frozenset({401, 403, 407, 408, 429})
