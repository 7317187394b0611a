"""All interleavings of a few functions, call by call, each of which may die, fail or be repeated.

A function hands over before each of its calls to the outside. Which one goes on, dies, has its
write repeated by the SDK later, or has its call refused, is a choice; every choice is made once in
every state that can be reached. A state is what is stored, what is queued, what Elsom knows, and
what each function has heard so far; two ways into one state go on alike, so the second is not
followed. How many ways there are is counted.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple, Protocol

from botocore.exceptions import ClientError
from greenlet import getcurrent, greenlet  # type: ignore[import-untyped] # shipped without types

from payments.domain.errors import PaymentsError
from tests.simulation.tasks import Ended, Killed, Task

What = Literal["goes on", "dies", "is repeated", "fails"]


class Choice(NamedTuple):
    """Which actor, and what becomes of it.

    is repeated   the write takes effect, its answer is lost, and the SDK sends it again later
    fails         the call is throttled: it takes no effect
    """

    actor: int
    what: What


Path = tuple[Choice, ...]
# Nobody writes it while Elsom answers (the stage makes sure): reading it commutes with everything.
NOT_A_STEP: Final = frozenset({"GetItem circuit"})
_TOKEN: Final = re.compile(r"'(?:writeToken|attemptId)': \{'S': '\w+'\}")


@dataclass
class Actor:
    """One function's run. `time` is its own clock; `may_die`: Elsom's own doings never do."""

    name: str
    work: Callable[[], None]
    time: int
    may_die: bool = True
    waits_at: str = "begin"
    # Whether it waits before a write, which the SDK may repeat, or before any call of AWS.
    at_write: bool = False
    at_call: bool = False
    reported: What = "goes on"
    heard: list[Any] = field(default_factory=list)
    _reported: list[str] = field(default_factory=list)
    thread: Any = None
    done: bool = False
    task: Task = field(default_factory=lambda: Task(""))

    def memory(self) -> list[str]:
        """What it has heard so far, as text: its next steps follow from that alone."""
        self._reported += [without_tokens(answer) for answer in self.heard[len(self._reported) :]]
        return self._reported


@dataclass
class HandOverGate:
    """Hands over before every call; outside of actors, calls take effect at once."""

    actor: Actor | None = None
    trace: list[str] = field(default_factory=list)
    not_steps: frozenset[str] = NOT_A_STEP

    def call[Answer](
        self, service: str, operation: str, effect: Callable[[], Answer], *, writes: bool = False
    ) -> Answer:
        actor = self.actor
        if actor is None:
            return effect()
        if writes and service == "dynamodb":
            actor.task.claimed_at = actor.time
        if operation not in self.not_steps:
            aws = service not in ("elsom", "shop")
            self.hand_over(f"{service} {operation}", write=aws and writes, call=aws)
        if actor.reported == "fails":
            actor.reported = "goes on"
            actor.heard.append("throttled")
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, operation)
        if actor.reported == "is repeated":
            actor.reported = "goes on"
            with suppress(ClientError):
                effect()
            self.hand_over(f"the repeat of {service} {operation}")
        try:
            answer = effect()
        except ClientError as error:
            actor.heard.append(error.response)
            raise
        actor.heard.append(answer)
        return answer

    def hand_over(self, at: str, *, write: bool = False, call: bool = False) -> None:
        """Wait until it is this actor's turn again."""
        actor = self.actor
        if actor is None:
            return
        actor.waits_at, actor.at_write, actor.at_call = at, write, call
        actor.thread.parent.switch()


class Stage(Protocol):
    """What an exploration plays on: made again for each way."""

    gate: HandOverGate
    actors: list[Actor]

    def turn(self, actor: Actor) -> None:
        """Let it be this actor's turn, by its own clock."""

    def ended(self, actor: Actor, how: Ended) -> None:
        """An actor has done its work, or died."""

    def state(self) -> str:
        """Everything that a later step may depend on, less the actors."""

    def end(self) -> list[str]:
        """Let everything come to rest; what is broken then, or was before."""


class Budget(NamedTuple):
    """How often on one way something may go wrong. `fails_at`: which calls may fail."""

    deaths: int = 0
    repeats: int = 0
    failures: int = 0
    fails_at: str = ""


@dataclass
class Run:
    """One way through, as far as it is played."""

    stage: Stage
    left: Budget

    def __post_init__(self) -> None:
        hub = getcurrent()
        for actor in self.stage.actors:
            actor.thread = greenlet(lambda actor=actor: self._play(actor), parent=hub)

    def choices(self) -> list[Choice]:
        found = []
        for number, actor in enumerate(self.stage.actors):
            if actor.done:
                continue
            found.append(Choice(number, "goes on"))
            if actor.may_die and self.left.deaths:
                found.append(Choice(number, "dies"))
            if actor.at_write and self.left.repeats:
                found.append(Choice(number, "is repeated"))
            if actor.at_call and self.left.failures and self.left.fails_at in actor.waits_at:
                found.append(Choice(number, "fails"))
        return found

    def take(self, choice: Choice) -> None:
        actor = self.stage.actors[choice.actor]
        gate = self.stage.gate
        gate.trace.append(f"{actor.name} {choice.what} at {actor.waits_at}")
        self.stage.turn(actor)
        gate.actor = actor
        actor.at_write = actor.at_call = False
        left = self.left
        match choice.what:
            case "dies":
                self.left = left._replace(deaths=left.deaths - 1)
                if actor.thread:
                    actor.thread.throw(Killed)
                actor.waits_at = "dead"
                actor.done = True
                self._end(actor, Ended(error=Killed()))
            case "is repeated":
                self.left = left._replace(repeats=left.repeats - 1)
            case "fails":
                self.left = left._replace(failures=left.failures - 1)
        if choice.what != "dies":
            actor.reported = choice.what
            actor.thread.switch()
        gate.actor = None

    def key(self) -> bytes:
        """The state: two equal ones go on alike."""
        actors = [(actor.waits_at, actor.memory()) for actor in self.stage.actors]
        return sha256(f"{self.left} {actors} {self.stage.state()}".encode()).digest()

    def _play(self, actor: Actor) -> None:
        how = Ended()
        try:
            actor.work()
            actor.waits_at = "ended"
        except PaymentsError as error:
            actor.waits_at = f"ended with {type(error).__name__}"
            how = Ended(error=error)
        except Killed:
            return
        actor.done = True
        self._end(actor, how)

    def _end(self, actor: Actor, how: Ended) -> None:
        actor.task.ended = True
        self.stage.ended(actor, how)


@dataclass
class Found:
    """What an exploration came to. `ways` counts all interleavings, also those into one state."""

    states: int = 0
    ways: int = 0
    ends: int = 0
    broken: list[str] = field(default_factory=list)


FIRST_BROKEN: Final = 20


def explore(
    make_stage: Callable[[], Stage], budget: Budget, *, stop_when_broken: bool = False
) -> Found:
    """Follow every choice from every state once."""
    found = Found()
    edges: dict[bytes, list[bytes]] = {}
    open_: list[tuple[Path, bytes | None]] = [((), None)]
    while open_ and len(found.broken) < (1 if stop_when_broken else FIRST_BROKEN):
        path, parent = open_.pop()
        run = Run(make_stage(), budget)
        for choice in path:
            run.take(choice)
        while True:
            key = run.key()
            if parent is not None:
                edges[parent].append(key)
            if key in edges:
                break
            edges[key] = []
            choices = run.choices()
            if not choices:
                found.ends += 1
                found.broken += [_reported(run, text) for text in run.stage.end()]
                break
            open_ += [((*path, choice), key) for choice in choices[1:]]
            path, parent = (*path, choices[0]), key
            run.take(choices[0])
    found.states = len(edges)
    found.ways = _count_ways(edges)
    return found


def _reported(run: Run, text: str) -> str:
    return "\n  ".join([text, "in this order:", *run.stage.gate.trace])


def _count_ways(edges: dict[bytes, list[bytes]]) -> int:
    """The number of ways from the first state to an end; states never come again on one way."""
    ways: dict[bytes, int] = {}
    todo = [next(iter(edges))]
    while todo:
        key = todo[-1]
        missing = [child for child in edges[key] if child not in ways]
        if missing:
            todo += missing
            continue
        ways[key] = sum(ways[child] for child in edges[key]) or 1
        todo.pop()
    return ways[next(iter(edges))]


def without_tokens(value: object) -> str:
    """As text, less the write tokens: they differ on every run and decide nothing here."""
    return _TOKEN.sub("", repr(value))
