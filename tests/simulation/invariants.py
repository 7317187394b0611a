"""The invariants by number, and who broke one."""

from dataclasses import dataclass, field
from typing import Final

from tests.simulation.rules import QUERIED_WITHIN_TURNS, QUERY_RULE
from tests.simulation.story import Story
from tests.simulation.tasks import Loop

# 0 and 10 are the contract's rule for queries and the promise that nobody can delay another; 8, the
# same run for the same seed, is a test of its own.
INVARIANTS: Final = {
    0: f"queries per payment: {QUERY_RULE.name}; one a second for all unknown ids",
    1: "never paid unless Elsom itself answered A",
    2: "every payment Elsom took money for ends paid or in a case",
    3: "at most one start reaches Elsom per payment",
    4: "paid is never left",
    5: "every payment ends final or in a case once faults stop",
    6: "the shop is told of every final state, by event id exactly once",
    7: "no step that happened is missing from the timeline",
    9: "while Elsom may still call a payment paid, the due index holds it",
    10: f"while Elsom answers, what is due is queried within {QUERIED_WITHIN_TURNS} turns",
}


@dataclass(frozen=True)
class Broken:
    """An invariant that did not hold, for whom, when, and how."""

    invariant: int
    subject: str
    text: str
    at: str = ""

    def __str__(self) -> str:
        rule = INVARIANTS[self.invariant]
        when = f" at {self.at}" if self.at else ""
        return f"invariant {self.invariant} ({rule}) is broken by {self.subject}{when}: {self.text}"


@dataclass
class Breaches:
    """What is broken so far. A run stops at the first, unless it is to find as many as it can."""

    loop: Loop
    story: Story
    keep_going: bool = False
    found: list[Broken] = field(default_factory=list)
    _seen: set[tuple[int, str]] = field(default_factory=set)

    def add(self, invariant: int, subject: str, text: str) -> None:
        if (invariant, subject) in self._seen:
            return
        self._seen.add((invariant, subject))
        self.found.append(Broken(invariant, subject, text, self.story.when(self.loop.now)))
        self.story.tell(subject, f"BROKEN {invariant}: {text}")
        if not self.keep_going:
            self.loop.halted = True
