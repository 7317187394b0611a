"""The operator's bad days: a stream loses records, events are published again, a table restored."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, Protocol

from payments.domain.clock import DAY, HOUR, MINUTE
from tests.simulation.dynamodb import Image, Key, MemoryDynamoDB
from tests.simulation.invariants import Invariants
from tests.simulation.profile import Profile
from tests.simulation.stream import Shard, Stream
from tests.simulation.tasks import Ended, Loop

Done = Callable[[Ended], None]
# How much more than what is known to be lost is published again.
MARGIN: Final = 10 * MINUTE
# What a restored table does not know of any more began at most so long before.
RESTORED_MARGIN: Final = 2 * HOUR


class Site(Protocol):
    """What an operator needs of the world."""

    loop: Loop
    invariants: Invariants
    stream: Stream

    @property
    def table(self) -> MemoryDynamoDB: ...
    def republish(self, first: int, last: int, done: Done) -> None: ...
    def kill_all(self) -> None: ...
    def restored(self, touched: set[str]) -> None: ...
    def count(self, outcome: str) -> None: ...


@dataclass
class Operator:
    """`lost`: (payment id, sequence) whose records no function has seen."""

    site: Site
    rng: Random
    lost: set[tuple[str, int]] = field(default_factory=set)
    _snapshot: dict[Key, Image] = field(default_factory=dict)

    def plan(self, profile: Profile, began: int, calm: int) -> None:
        """Decide what is going to happen, and when."""
        loop, rng = self.site.loop, self.rng
        last = calm - began - DAY
        for shard in self.site.stream.shards:
            shard.on_lost = self._lost
        for _ in range(profile.losses):
            shard = rng.choice(self.site.stream.shards)
            loop.at(began + rng.randrange(profile.orders_for), lambda shard=shard: _lose(shard))  # type: ignore[misc]
        for _ in range(profile.republished):
            first = began + rng.randrange(last)
            until = first + rng.randint(MINUTE, HOUR)
            wait = rng.randint(0, 6 * HOUR)
            loop.at(until + wait, lambda first=first, until=until: self._republish(first, until))  # type: ignore[misc]
        if profile.restored:
            at = began + rng.randrange(HOUR, 2 * DAY)
            if rng.random() < 0.6:
                at = began + rng.randrange(30 * MINUTE, profile.orders_for)
            back = rng.randint(MINUTE, 15 * MINUTE)
            loop.at(at - back, self._remember)
            loop.at(at, lambda: self._restore(at - back))

    def _lost(self, batch: list[Image], since: int) -> None:
        for record in batch:
            image = record["dynamodb"]["NewImage"]
            before: Any = record["dynamodb"].get("OldImage", {})
            if image["kind"]["S"] == "payment" and before.get("status") != image["status"]:
                self.lost.add((image["pk"]["S"], int(image["sequence"]["N"])))
        until = self.site.loop.now
        self._republish_later(since - MARGIN, until + MARGIN)

    def _republish_later(self, first: int, until: int) -> None:
        wait = self.rng.randint(MARGIN, HOUR)
        self.site.loop.at(until + wait, lambda: self._republish(first, until))

    def _republish(self, first: int, until: int) -> None:
        """Until it ends well, as the runbook says."""

        def done(how: Ended) -> None:
            well = how.error is None
            self.site.count("operator: published again" if well else "operator: has to try again")
            if not well:
                wait = self.rng.randint(MINUTE, 20 * MINUTE)
                self.site.loop.after(wait, lambda: self._republish(first, until))

        self.site.republish(first, until, done)

    def _remember(self) -> None:
        self._snapshot = dict(self.site.table.images)

    def _restore(self, moment: int) -> None:
        """The functions stand still, and the table is again what it was at a moment."""
        self.site.kill_all()
        table, snapshot = self.site.table, self._snapshot
        changed = {
            key
            for key in table.images.keys() | snapshot.keys()
            if table.images.get(key) is not snapshot.get(key)
        }
        touched = {pk for pk, _ in changed}
        for key in changed:
            image = table.images.get(key) or snapshot[key]
            if "paymentId" in image:
                touched.add(image["paymentId"]["S"])
        self.site.count("operator: table restored")
        for pk in sorted(touched):
            self.site.invariants.breaches.trace.log(pk, "RESTORED: the table is what it was before")
        self.site.invariants.restored |= touched
        table.restore(snapshot)
        self.site.stream.lose_everything()
        self.site.restored(touched)
        self._republish_later(moment - RESTORED_MARGIN, self.site.loop.now + MARGIN)


def _lose(shard: Shard) -> None:
    shard.loses_next = True
