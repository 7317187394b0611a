"""Time that is only a number, and functions that hand over while they wait."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from typing import Any

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped] # shipped without types


class Killed(BaseException):
    """A function's end in the middle of its work: nothing in the product may catch it."""


@dataclass(slots=True)
class Task:
    """One run of a function. `subject` is the payment it is about, as far as is known.

    `skew`: how far this function's clock is off. `doomed`: dies when it queries Elsom.
    `looked_at`: when it last looked at its clock; `claimed_at`: the same for its last write.
    """

    name: str
    subject: str = ""
    deadline: int = 0
    skew: int = 0
    doomed: bool = False
    looked_at: int = 0
    claimed_at: int | None = None
    # Has queried Elsom about a payment of ours.
    queried_ours: bool = False
    # The calls that met a fault.
    troubles: list[str] = field(default_factory=list)
    thread: Any = None
    ended: bool = False
    # Nothing else is under way at its moment.
    alone: bool = False


@dataclass(slots=True)
class Ended:
    """How a task ended: with a value, with an error of the product, or killed."""

    value: Any = None
    error: BaseException | None = None


@dataclass
class Loop:
    """A virtual clock in milliseconds and what is to happen when, in a fixed order."""

    now: int
    task: Task | None = None
    # Set once there is nothing more to see.
    halted: bool = False
    _until: int = 0
    _events: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _number: int = 0
    _hub: Any = field(default_factory=getcurrent)

    def clock(self) -> int:
        """What the running function's clock shows; without one, the true time."""
        task = self.task
        if task is None:
            return self.now
        task.looked_at = self.now
        return self.now + task.skew

    def true_time(self) -> int:
        return self.now

    def at(self, moment: int, action: Callable[[], None]) -> None:
        """Run `action` at this moment; those of one moment run in the order they were set."""
        self._number += 1
        heappush(self._events, (max(moment, self.now), self._number, action))

    def after(self, delay: int, action: Callable[[], None]) -> None:
        self.at(self.now + delay, action)

    def spawn(self, task: Task, work: Callable[[], Any], done: Callable[[Ended], None]) -> None:
        """Begin a task; `done` hears how it ended. It is killed at its deadline, if it has one."""

        def run() -> None:
            ended = Ended()
            try:
                ended.value = work()
            except (Exception, Killed) as error:  # noqa: BLE001 - judged by whoever began the task
                ended.error = error
            task.ended = True
            self.at(self.now, partial(done, ended))

        task.thread = greenlet(run, parent=self._hub)
        if task.deadline:
            self.at(task.deadline, partial(self.kill, task))
        self._go(task)

    def sleep(self, milliseconds: int) -> None:
        """Let time pass for the running task, and let others run meanwhile.

        Where nothing else happens meanwhile, only the clock moves: handing over costs more. Not
        while whoever began the task has more to do at this moment.
        """
        task = self.task
        assert task is not None, "only a task can sleep"
        moment = self.now + milliseconds
        may_go_on = task.alone and moment <= self._until and not self.halted
        if may_go_on and (not self._events or moment < self._events[0][0]):
            self.now = moment
            return
        self.at(moment, partial(self._go, task))
        self._hub.switch()
        task.alone = True

    def kill(self, task: Task) -> None:
        """End a task where it stands."""
        if not task.ended:
            self._go(task, Killed("time is over"))

    def run(self, until: int) -> None:
        """Let everything happen that is set up to this moment."""
        self._until = until
        events = self._events
        while events and events[0][0] <= until and not self.halted:
            self.now, _, action = heappop(events)
            action()
        if not self.halted:
            self.now = max(self.now, until)

    @property
    def next_moment(self) -> int | None:
        return self._events[0][0] if self._events else None

    def _go(self, task: Task, error: Killed | None = None) -> None:
        if task.ended:
            return
        before, self.task = self.task, task
        try:
            if error is None:
                task.thread.switch()
            else:
                task.thread.throw(error)
        finally:
            self.task = before
