"""What goes wrong: one seed decides, every fault is counted and told in the payment's story."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Final

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulation.tasks import Killed, Loop, Task
from tests.simulation.trace import Trace

Weights = tuple[tuple[str, float], ...]

# In a thousand calls.
READ_FAULTS: Final[Weights] = (("throttled", 3), ("answer lost", 3), ("slow", 3), ("frozen", 0.3))
WRITE_FAULTS: Final[Weights] = (
    *READ_FAULTS,
    ("killed before", 2),
    ("killed after", 4),
    ("repeated by the SDK", 50),
)
KILLS: Final[Weights] = (("killed before", 3), ("killed after", 4), ("frozen", 0.3))
# Calls with weights of their own. A question may be repeated, so its function dies more often than
# one that starts a payment; what goes wrong at Elsom and at the shop lies behind the gate.
OTHERS: Final[dict[tuple[str, str], Weights]] = {
    ("events", "PutEvents"): (
        ("throttled", 10), ("answer lost", 5), ("killed before", 8), ("killed after", 12),
        ("repeated by the SDK", 50),
    ),
    ("elsom", "start"): KILLS,
    ("elsom", "status"): (("killed before", 20), ("killed after", 25), ("frozen", 2)),
    ("shop", "webhook"): KILLS,
}  # fmt: skip
# A command of the operator makes thousands of calls, from a machine that nobody ends.
OPERATOR_FAULTS: Final[Weights] = (
    ("throttled", 0.1),
    ("killed after", 0.1),
    ("repeated by the SDK", 10),
)
FROZEN: Final = 60_000
# However unkind a world is, most calls still work, or nothing would ever happen.
MOST_IN_A_THOUSAND: Final = 500.0
MOST_LIKELY: Final = 0.5


def between(rng: Random, low: int, high: int) -> int:
    """What `rng.randint` draws, and as it does: each of a million calls has such a pause."""
    size = high - low + 1
    bits = size.bit_length()
    drawn = rng.getrandbits(bits)
    while drawn >= size:
        drawn = rng.getrandbits(bits)
    return low + drawn


@cache
def likelier(weights: Weights, times: float) -> tuple[float, Weights]:
    """The same faults so many times as likely, and their sum."""
    total = sum(weight for _, weight in weights)
    factor = min(times, max(1.0, MOST_IN_A_THOUSAND / total))
    return total * factor, tuple((fault, weight * factor) for fault, weight in weights)


@dataclass
class Faults:
    """The dice. Nothing goes wrong any more once `calm` is set.

    `unkindness` makes every fault so many times as likely.
    """

    rng: Random
    loop: Loop
    trace: Trace
    counts: Counter[str] = field(default_factory=Counter)
    calm: bool = False
    unkindness: float = 1.0
    # Hears of the subject of every fault.
    on_fault: Callable[[str], None] = field(default=lambda _subject: None)
    # By the identity of weights that live as long as the world: to hash them takes long.
    _likelier: dict[int, tuple[float, Weights]] = field(default_factory=dict)

    def happens(self, fault: str, probability: float, subject: str | None = None) -> bool:
        """Throw the dice; a fault that happens is counted."""
        if self.calm:
            return False
        if self.unkindness != 1.0:
            probability = self._likely(probability)
        if self.rng.random() >= probability:
            return False
        self.note(fault, subject)
        return True

    def note(self, fault: str, subject: str | None = None) -> None:
        self.counts[fault] += 1
        task = self.loop.task
        where = f" in {task.name}" if task else ""
        about = subject or (task.subject if task else "")
        self.trace.log(about, f"FAULT {fault}{where}")
        self.on_fault(about)

    def of_call(self, choices: Weights) -> str | None:
        """Which of these faults, if any, a call meets: one throw."""
        if self.calm:
            return None
        throw = self.rng.random() * 1000
        known = self._likelier.get(id(choices))
        if known is None:
            known = self._likelier[id(choices)] = likelier(choices, self.unkindness)
        total, weights = known
        if throw >= total:
            return None
        for fault, weight in weights:
            throw -= weight
            if throw < 0:
                return fault
        return None

    def _likely(self, probability: float) -> float:
        return min(probability * self.unkindness, max(probability, MOST_LIKELY))


@dataclass(frozen=True)
class Away:
    """A time in which an AWS service answers nobody."""

    service: str
    first: int
    last: int


@dataclass
class FaultyGate:
    """Lets time pass at every call to the outside, and lets some of them fail."""

    loop: Loop
    faults: Faults
    away: tuple[Away, ...] = ()

    def __post_init__(self) -> None:
        self._away_of: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for away in self.away:
            self._away_of[away.service].append((away.first, away.last))

    def call[Answer](
        self, service: str, operation: str, effect: Callable[[], Answer], *, writes: bool = False
    ) -> Answer:
        task = self.loop.task
        if writes and task is not None and service == "dynamodb":
            task.claimed_at = task.looked_at
        # Time passes before each effect; that it took place is known at once, or never.
        self.loop.sleep(between(self.faults.rng, 2, 25))
        fault = self._fault(service, operation, task, writes=writes)
        if fault is None:
            return effect()
        self.faults.note(f"{service}: {fault}")
        self.faults.trace.log_task(f"  at {operation}")
        if task is not None:
            task.troubles.append(operation)
        return self._fail(fault, operation, effect)

    def _fault(
        self, service: str, operation: str, task: Task | None, *, writes: bool
    ) -> str | None:
        for first, last in self._away_of.get(service, ()):
            if first <= self.loop.now < last:
                return "away"
        if task is not None and task.doomed and (service, operation) == ("elsom", "status"):
            return "killed after" if self.faults.rng.random() < 0.5 else "killed before"
        if task is not None and task.name == "operator":
            return self.faults.of_call(OPERATOR_FAULTS) if writes else None
        ours = WRITE_FAULTS if writes else READ_FAULTS
        return self.faults.of_call(OTHERS.get((service, operation), ours))

    def _fail[Answer](self, fault: str, operation: str, effect: Callable[[], Answer]) -> Answer:
        match fault:
            case "throttled" | "away":
                raise ClientError({"Error": {"Code": "ThrottlingException"}}, operation)
            case "killed before":
                raise Killed
            case "killed after":
                effect()
                raise Killed
            case "answer lost":
                effect()
                self.loop.sleep(2_000)
                raise ReadTimeoutError(endpoint_url="aws")
            case "repeated by the SDK":
                effect()
                # The connection broke, or the answer did not come within the client's time-out.
                broke = self.faults.rng.random() < 0.4
                self.loop.sleep(self.faults.rng.randint(20, 600) if broke else 2_000)
                return effect()
            case "slow":
                self.loop.sleep(self.faults.rng.randint(500, 3_500))
                return effect()
            case _:
                # Longer than any function may run: its time is over first.
                answer = effect() if self.faults.rng.random() < 0.5 else None
                self.loop.sleep(FROZEN)
                return effect() if answer is None else answer


@dataclass
class RandomLag:
    """Indexes and inconsistent reads that are behind, each index and each write on its own."""

    faults: Faults
    # The share of index writes that is late by seconds to minutes.
    late: float = 0.003
    most: int = 120_000

    def index(self) -> int:
        if self.faults.calm:
            return 0
        if self.faults.happens("dynamodb: index late", self.late):
            return self.faults.rng.randint(2_000, self.most)
        return self.faults.rng.randint(0, 60)

    def stale(self) -> bool:
        return self.faults.happens("dynamodb: stale read", 0.1)

    def unread(self) -> bool:
        return self.faults.happens("dynamodb: batch read in part", 0.4)


class NoLag:
    """Everything is shown at once."""

    def index(self) -> int:
        return 0

    def stale(self) -> bool:
        return False

    def unread(self) -> bool:
        return False


class OpenGate:
    """Every call takes effect at once."""

    def call[Answer](
        self, service: str, operation: str, effect: Callable[[], Answer], *, writes: bool = False
    ) -> Answer:
        return effect()
