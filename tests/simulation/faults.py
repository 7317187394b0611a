"""What goes wrong: one seed decides, every fault is counted and told in the payment's story."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.simulation.story import Story
from tests.simulation.tasks import Killed, Loop

# In a thousand calls.
READ_FAULTS: Final = (("throttled", 3), ("answer lost", 2), ("slow", 3), ("frozen", 0.3))
WRITE_FAULTS: Final = (
    *READ_FAULTS,
    ("killed before", 2),
    ("killed after", 3),
    ("repeated by the SDK", 4),
)
KILLS: Final = (("killed before", 3), ("killed after", 4), ("frozen", 0.3))
# Calls with weights of their own. A question may be repeated, so its function dies more often than
# one that starts a payment; what goes wrong at Elsom and at the shop lies behind the gate.
OTHERS: Final = {
    ("events", "PutEvents"): (
        ("throttled", 5), ("answer lost", 5), ("killed before", 8), ("killed after", 12),
        ("repeated by the SDK", 12),
    ),
    ("elsom", "start"): KILLS,
    ("elsom", "status"): (("killed before", 20), ("killed after", 25), ("frozen", 2)),
    ("shop", "webhook"): KILLS,
}  # fmt: skip
FROZEN: Final = 60_000


@dataclass
class Faults:
    """The dice. Nothing goes wrong any more once `calm` is set."""

    rng: Random
    loop: Loop
    story: Story
    counts: Counter[str] = field(default_factory=Counter)
    calm: bool = False

    def happens(self, fault: str, probability: float, subject: str | None = None) -> bool:
        """Throw the dice; a fault that happens is counted."""
        if self.calm or self.rng.random() >= probability:
            return False
        self.note(fault, subject)
        return True

    def note(self, fault: str, subject: str | None = None) -> None:
        self.counts[fault] += 1
        task = self.loop.task
        where = f" in {task.name}" if task else ""
        self.story.tell(subject or (task.subject if task else ""), f"FAULT {fault}{where}")

    def of_call(self, choices: tuple[tuple[str, float], ...]) -> str | None:
        """Which of these faults, if any, a call meets: one throw."""
        if self.calm:
            return None
        throw = self.rng.random() * 1000
        for fault, weight in choices:
            throw -= weight
            if throw < 0:
                return fault
        return None


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

    def call[Answer](
        self, service: str, operation: str, effect: Callable[[], Answer], *, writes: bool = False
    ) -> Answer:
        # Time passes before each effect; that it took place is known at once, or never.
        self.loop.sleep(self.faults.rng.randint(2, 25))
        fault = self._fault(service, operation, writes=writes)
        if fault is None:
            return effect()
        self.faults.note(f"{service}: {fault}")
        self.faults.story.tell_task(f"  at {operation}")
        return self._fail(fault, operation, effect)

    def _fault(self, service: str, operation: str, *, writes: bool) -> str | None:
        for away in self.away:
            if away.service == service and away.first <= self.loop.now < away.last:
                return "away"
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
                self.loop.sleep(2_000)
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
    """Indexes and inconsistent reads that are a moment behind."""

    faults: Faults

    def index(self) -> int:
        if self.faults.calm:
            return 0
        late = self.faults.happens("dynamodb: index late", 0.003)
        return self.faults.rng.randint(2_000, 8_000) if late else self.faults.rng.randint(0, 60)

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
