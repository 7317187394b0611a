"""Elsom away for six hours with five thousand open payments: afterwards all are settled, soon."""

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import Final

import pytest

from payments.domain.clock import HOUR, MINUTE, SECOND
from payments.domain.payment import ElsomStatus, Status
from payments.use_cases.schedule_checks import PER_WORKER
from tests.fakes.world import NOW
from tests.simulation.elsom import Transaction
from tests.simulation.network import Outage
from tests.simulation.people import Caller, make_order
from tests.simulation.profile import PLAIN
from tests.simulation.stack import CONCURRENCY, seeded_tokens
from tests.simulation.world import World

PAYMENTS: Final = 5_000
STARTS_FOR: Final = 55 * SECOND
# Every start is answered by then, and no check is due yet.
GONE_AT: Final = NOW + 58 * SECOND
AWAY: Final = Outage(GONE_AT, GONE_AT + 6 * HOUR, "mixed")
# What the customers did meanwhile; no notification tells of it.
TRUTHS: Final = (
    ElsomStatus.PAID,
    ElsomStatus.PAID,
    ElsomStatus.PAID,
    ElsomStatus.TIMED_OUT,
    ElsomStatus.CANCELLED,
)
ALL_SETTLED_WITHIN: Final = 25 * MINUTE
# A pause is 225 s on average in the end, and then as many try as may run at once.
MOST_QUERIES_IN_VAIN: Final = 6 * 3_600 // 225 * CONCURRENCY * 2
# How far a payment may fall behind its place in the line: what the queue holds for two minutes.
MOST_OVERTAKEN: Final = 2 * CONCURRENCY * PER_WORKER


class SixHours(World):
    """Nothing goes wrong but that Elsom is away, and nobody listens to events."""

    def _plan(self, payments: int) -> None:
        self.faults.calm = True
        self.stack.dynamodb.listeners.remove(self.stream.written)
        self.network.outages = (AWAY,)
        self.network.latency = (100, 800)
        for number in range(payments):
            order = make_order(number, None, self)
            self.loop.at(NOW + number * STARTS_FOR // payments, Caller(order, self).call_once)
        self.loop.at(NOW + MINUTE, self._turn)

    def _elsom_gets(self, transaction: Transaction) -> None:
        moment = self.rng.randrange(AWAY.first, AWAY.last)
        transaction.truth.append((moment, self.rng.choice(TRUTHS)))


@dataclass
class Seen:
    """The world afterwards; who was waiting at the end of the outage, the longest first."""

    world: World
    in_vain: int
    line: list[str]

    def statuses(self) -> Counter[Status]:
        return Counter(
            Status(image["status"]["S"])
            for image in self.world.stack.dynamodb.images.values()
            if image["kind"]["S"] == "payment"
        )


@pytest.fixture(scope="module")
def seen() -> Seen:
    with seeded_tokens(Random(6)):
        world = SixHours("six hours", PAYMENTS, profile=PLAIN)
        world.run(AWAY.last)
        in_vain = world.network.calls_in_outage
        waiting = [
            (int(image["dueAt"]["N"]), image["pk"]["S"])
            for image in world.stack.dynamodb.images.values()
            if image["kind"]["S"] == "payment"
        ]
        world.run(AWAY.last + ALL_SETTLED_WITHIN)
    return Seen(world, in_vain, [payment_id for _, payment_id in sorted(waiting)])


def test_the_outage_meets_five_thousand_open_payments(seen: Seen) -> None:
    assert len(seen.line) == len(seen.world.server.transactions) == PAYMENTS
    assert {"elsom away: refused", "elsom away: hang unread"} < set(seen.world.faults.counts)


def test_all_are_settled_soon_after_it_is_back(seen: Seen) -> None:
    statuses = seen.statuses()
    assert statuses.total() == PAYMENTS
    assert set(statuses) == {Status.PAID, Status.EXPIRED, Status.CANCELLED}
    assert not seen.world.breaches.found


def test_nothing_has_expired_while_nobody_could_be_asked(seen: Seen) -> None:
    for payment_id, moves in seen.world.invariants.moves.items():
        ended = moves[-1][1]
        truth = seen.world.server.transactions[payment_id].status(AWAY.last)
        assert (ended is Status.PAID) == (truth is ElsomStatus.PAID)


def test_never_more_checks_are_open_than_configured(seen: Seen) -> None:
    assert seen.world.checks.most_seen == CONCURRENCY
    assert seen.world.network.most_queries <= CONCURRENCY


def test_an_elsom_that_is_away_is_not_stormed(seen: Seen) -> None:
    assert 50 < seen.in_vain < MOST_QUERIES_IN_VAIN


def test_none_is_starved_and_the_longest_waiting_come_first(seen: Seen) -> None:
    transactions = seen.world.server.transactions
    queried = sorted(
        seen.line, key=lambda one: min(at for at in transactions[one].queried_at if at >= AWAY.last)
    )
    place = {payment_id: number for number, payment_id in enumerate(queried)}
    overtaken = [place[payment_id] - number for number, payment_id in enumerate(seen.line)]
    assert max(overtaken) <= MOST_OVERTAKEN


def test_hardly_a_question_is_asked_twice_afterwards(seen: Seen) -> None:
    queried = [
        sum(at >= AWAY.last for at in transaction.queried_at)
        for transaction in seen.world.server.transactions.values()
    ]
    assert sum(queried) <= 1.05 * PAYMENTS
