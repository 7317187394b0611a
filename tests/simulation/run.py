"""Many worlds on one seed, several at once, each the same again whenever its seed is."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random
from typing import Final

from tests.simulation.stack import seeded_tokens
from tests.simulation.world import World

WORLD_SIZE: Final = 1_000
Change = Callable[[World], AbstractContextManager[object]]


@dataclass(frozen=True)
class Plan:
    """One world of a run."""

    seed: str
    number: int
    payments: int
    # The id of a payment whose story is wanted.
    wanted: str = ""
    # Every fault so many times as likely.
    unkindness: float = 1.0
    # Go on after the first broken invariant, to find as many as there are.
    keep_going: bool = False

    @property
    def name(self) -> str:
        return f"{self.seed}/{self.number}"


@dataclass
class Report:
    """What came of one world, or of many."""

    payments: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    most_checks: int = 0

    @property
    def digest(self) -> str:
        """One number for every story of the run."""
        return sha256("".join(self.digests).encode()).hexdigest()[:16]

    def add(self, other: "Report") -> None:
        self.payments += other.payments
        self.faults += other.faults
        self.results += other.results
        self.broken += other.broken
        self.stories += other.stories
        self.digests += other.digests
        self.most_checks = max(self.most_checks, other.most_checks)


def unchanged(_world: World) -> AbstractContextManager[object]:
    return nullcontext()


@contextmanager
def rarely_collected() -> Iterator[None]:
    """A world keeps nearly all that it makes: looking for garbage took a tenth of its time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def run_world(plan: Plan, change: Change = unchanged) -> Report:
    """Run one world to its end. `change` is how a test takes a guard away."""
    with seeded_tokens(Random(plan.name)), rarely_collected():
        world = World(
            plan.name, plan.payments, unkindness=plan.unkindness, keep_going=plan.keep_going
        )
        with change(world):
            world.run()
            broken = world.judge()
    stories = [world.trace.of(plan.wanted)] if plan.wanted else []
    reported = world.trace.of_all({one.subject for one in broken})
    return Report(
        payments=plan.payments,
        faults=world.faults.counts,
        results=world.results,
        broken=[f"seed {plan.name}: {one}\n{reported[one.subject]}" for one in broken],
        stories=[trace for trace in stories if trace],
        digests=[world.trace.digest()],
        most_checks=world.checks.most_seen,
    )


def plans(plan: Plan) -> list[Plan]:
    """The worlds of a run of so many payments: all of one size, but the last."""
    firsts = range(0, plan.payments, WORLD_SIZE)
    sizes = [min(WORLD_SIZE, plan.payments - first) for first in firsts]
    return [replace(plan, number=number, payments=size) for number, size in enumerate(sizes)]


def run_all(worlds: list[Plan], processes: int) -> Iterator[Report]:
    """Run worlds side by side; their reports come in the worlds' order."""
    if processes == 1 or len(worlds) == 1:
        yield from map(run_world, worlds)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(run_world, worlds)
