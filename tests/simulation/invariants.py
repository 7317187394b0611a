"""The invariants by number, who broke one, and what is seen while a world runs."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from payments.domain.payment import Status
from tests.simulation.dynamodb import Image
from tests.simulation.elsom import Transaction
from tests.simulation.queries import Queries, Query
from tests.simulation.rules import QUERIED_WITHIN_TURNS, QUERY_RULE
from tests.simulation.sqs import subject_of
from tests.simulation.tasks import Ended, Loop, Task
from tests.simulation.trace import Trace

# 0, 10 and 11 are the contract's rule for queries, the promise that nobody can delay another, and
# what unknown ids say of Elsom's health; 8, the same run for the same seed, is a test of its own.
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
    11: "what Elsom does with an unknown id never counts against its health",
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
    trace: Trace
    keep_going: bool = False
    found: list[Broken] = field(default_factory=list)
    _seen: set[tuple[int, str]] = field(default_factory=set)

    def add(self, invariant: int, subject: str, text: str) -> None:
        if (invariant, subject) in self._seen:
            return
        self._seen.add((invariant, subject))
        self.found.append(Broken(invariant, subject, text, self.trace.when(self.loop.now)))
        self.trace.log(subject, f"BROKEN {invariant}: {text}")
        if not self.keep_going:
            self.loop.halted = True


# Every operation that reads or writes a payment, or an unknown id, ends so.
_PAYMENT: Final = " payment"
_UNKNOWN: Final = " unknown"


@dataclass
class Invariants:
    """`moves`: the (sequence, status) that each payment went through, also where it was undone."""

    breaches: Breaches
    queries: Queries
    moves: dict[str, list[tuple[int, Status]]] = field(default_factory=lambda: defaultdict(list))
    moved_at: dict[tuple[str, Status], int] = field(default_factory=dict)
    # At which step a payment became paid.
    paid_step: dict[str, int] = field(default_factory=dict)
    reported_paid: set[str] = field(default_factory=set)
    acknowledged: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    # The payments that a restore of the table has touched.
    restored: set[str] = field(default_factory=set)
    # Whether an acknowledged notification is kept in the table.
    is_kept: Callable[[str, bytes], bool] = field(default=lambda _trn, _body: True)
    # Whether the shop has an event, refused it for good, or finds it in the dead letters.
    is_settled: Callable[[str], bool] = field(default=lambda _event: True)

    @property
    def now(self) -> int:
        return self.breaches.loop.now

    def break_(self, invariant: int, subject: str, text: str) -> None:
        self.breaches.add(invariant, subject, text)

    def heard(self, query: Query) -> None:
        """A word of Elsom reached the stack."""
        if query.word == "A":
            self.reported_paid.add(query.subject)

    def started_again(self, transaction: Transaction) -> None:
        if transaction.id not in self.restored:
            self.break_(3, transaction.id, f"start {transaction.starts} has arrived")

    def notification_acknowledged(self, trn: str, body: bytes, arrived: int) -> None:
        self.acknowledged[trn].append(arrived)
        if trn not in self.restored and not self.is_kept(trn, body):
            self.break_(7, trn, "an acknowledged notification is not kept")

    def task_ended(self, task: Task, how: Ended) -> None:
        """A function that lived has written down an `A` that it heard, if the table let it."""
        for query in self.queries.ended(task, how):
            # An id whose payment a restore took away is one of nobody's: its own item is written.
            item = _PAYMENT if self.queries.is_known(query.subject) else _UNKNOWN
            hindered = any(call.endswith(item) for call in task.troubles)
            moves = self.moves.get(query.subject)
            paid = moves and moves[-1][1] is Status.PAID
            if query.word == "A" and not paid and not hindered:
                self.break_(2, query.subject, "an answer A in hand was thrown away")

    def written(self, before: Image | None, after: Image) -> None:
        """Listen to the table."""
        match after["kind"]["S"]:
            case "payment":
                self._payment_written(before, after)
            case "case":
                subject = after["paymentId"]["S"]
                kind, state = after["caseKind"]["S"], after["state"]["S"]
                self.breaches.trace.log(subject, f"stored: case {kind} {state}")
            case "webhook":
                self._retry_written(before, after)
            case "unknown":
                self._log(after["pk"]["S"], "unknown id", after)
            case "state" if after["sk"]["S"] == "circuit":
                self._circuit_written(before, after)

    def _payment_written(self, before: Image | None, after: Image) -> None:
        payment_id = after["pk"]["S"]
        status = Status(after["status"]["S"])
        old = Status(before["status"]["S"]) if before else None
        change = str(status) if old == status else f"{old or 'nothing'} -> {status}"
        self._log(payment_id, change, after)
        if before is not None:
            self._compare(payment_id, before, after)
        if old is status:
            return
        self.moves[payment_id].append((int(after["sequence"]["N"]), status))
        self.moved_at[payment_id, status] = self.now
        if old is Status.PAID:
            self.break_(4, payment_id, f"paid became {status}")
        if status is Status.PAID:
            self.paid_step[payment_id] = self.breaches.trace.step()
        if status is Status.PAID and payment_id not in self.reported_paid:
            self.break_(1, payment_id, "Elsom has not answered A")

    def _circuit_written(self, before: Image | None, after: Image) -> None:
        """Only a function that queried Elsom about a payment of ours may count a failure."""
        task = self.breaches.loop.task
        failures = int(after["failures"]["N"]) - (int(before["failures"]["N"]) if before else 0)
        if failures > 0 and task is not None and not task.queried_ours:
            self.break_(11, task.subject, "a query of an unknown id counts against Elsom's health")

    def _retry_written(self, before: Image | None, after: Image) -> None:
        """A webhook that waits for its next try waits until it is settled."""
        event = after["pk"]["S"]
        if before and "dueAt" in before and "dueAt" not in after and not self.is_settled(event):
            said = subject_of(before.get("payload", {}).get("S", "").partition(',"payment')[2])
            self.break_(6, said or event, f"the pending retry of event {event} was destroyed")

    def _compare(self, payment_id: str, before: Image, after: Image) -> None:
        reported, reports = before["timeline"]["L"], after["timeline"]["L"]
        omits = any(entry["M"]["what"]["S"] == "omitted" for entry in reports)
        if not omits and reports[: len(reported)] != reported:
            self.break_(7, payment_id, "an entry has left the timeline")
        if before["status"] != after["status"] and len(reports) == len(reported) and not omits:
            self.break_(7, payment_id, "a change of status is not on the timeline")

    def _log(self, subject: str, change: str, after: Image) -> None:
        due, version = after.get("dueAt"), after["version"]["N"]
        wait = f", due in {(int(due['N']) - self.now) // 1000} s" if due else ", not due"
        self.breaches.trace.log(subject, f"stored: {change}, version {version}{wait}")
