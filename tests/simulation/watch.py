"""The eight invariants of the money, watched at every write and judged at the end.

0 is ours: at most one question to Elsom per payment in ten seconds. 8, the same run for the same
seed, is a test of its own.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from payments.cases import CaseKind, case_id
from payments.check import ASK_INTERVAL
from payments.events import event_id
from payments.ids import is_id
from payments.model import FINAL, Answer, Payment, Reason, Status
from payments.store.inbox import evidence_of, partition_of
from payments.store.payments import payment_of
from payments.store.schedule import UNKNOWN_INTERVAL
from payments.store.table import to_item
from tests.simulation.dynamodb import Image, Key, MemoryDynamoDB
from tests.simulation.elsom import ElsomServer, Transaction
from tests.simulation.shop import Shop
from tests.simulation.story import Story

INVARIANTS: Final = {
    0: "at most one question per payment in ten seconds, one a second for unknown ids",
    1: "never paid unless Elsom itself answered A",
    2: "every payment Elsom took money for ends paid or in a case",
    3: "at most one start reaches Elsom per payment",
    4: "paid is never left",
    5: "every payment ends final or in a case once faults stop",
    6: "the shop is told of every final state, by event id exactly once",
    7: "no step that happened is missing from the timeline",
}
_TYPE: Final = {status: f"payment.{status}" for status in Status}


@dataclass(frozen=True)
class Broken:
    """An invariant that did not hold, for whom, and how."""

    invariant: int
    subject: str
    text: str

    def __str__(self) -> str:
        rule = INVARIANTS[self.invariant]
        return f"invariant {self.invariant} ({rule}) is broken by {self.subject}: {self.text}"


@dataclass
class Watch:
    """Sees every write, every start at Elsom and every notification that was acknowledged."""

    story: Story
    broken: list[Broken] = field(default_factory=list)
    moves: dict[str, list[tuple[int, Status]]] = field(default_factory=lambda: defaultdict(list))
    images: Mapping[Key, Image] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    told_paid: set[str] = field(default_factory=set)
    _unknown_asked_at: int = 0

    def break_(self, invariant: int, subject: str, text: str) -> None:
        self.broken.append(Broken(invariant, subject, text))
        self.story.tell(subject, f"BROKEN {invariant}: {text}")

    # ------------------------------------------------------------ while it runs

    def answered(self, trn: str, answer: Answer) -> None:
        """The client understood an answer of Elsom."""
        if answer is Answer.PAID:
            self.told_paid.add(trn)

    def started_again(self, transaction: Transaction) -> None:
        self.break_(3, transaction.id, f"start {transaction.starts} has arrived")

    def notification_acknowledged(self, trn: str, body: bytes) -> None:
        self.acknowledged.add(trn)
        if (partition_of(trn), evidence_of(body).sort_key) not in self.images:
            self.break_(7, trn, "an acknowledged notification is not kept")

    def written(self, before: Image | None, after: Image) -> None:
        """Listen to the table."""
        match after["kind"]["S"]:
            case "payment":
                self._payment_written(before, after)
            case "state" if after["sk"]["S"] == "unknown-rate":
                at = int(after["at"]["N"])
                if at - self._unknown_asked_at < UNKNOWN_INTERVAL:
                    self.break_(0, "elsom", "two questions about unknown ids in one second")
                self._unknown_asked_at = at
            case "case":
                subject = after["paymentId"]["S"]
                kind, state = after["caseKind"]["S"], after["state"]["S"]
                self.story.tell(subject, f"stored: case {kind} {state}")

    def _payment_written(self, before: Image | None, after: Image) -> None:
        payment_id = after["pk"]["S"]
        status = Status(after["status"]["S"])
        old = Status(before["status"]["S"]) if before else None
        self._tell(payment_id, old, after)
        if before is not None:
            self._compare(payment_id, before, after)
        if old is status:
            return
        self.moves[payment_id].append((int(after["sequence"]["N"]), status))
        if old is Status.PAID:
            self.break_(4, payment_id, f"paid became {status}")
        if status is Status.PAID and payment_id not in self.told_paid:
            self.break_(1, payment_id, "Elsom has not answered A")

    def _compare(self, payment_id: str, before: Image, after: Image) -> None:
        told, tells = before["timeline"]["L"], after["timeline"]["L"]
        omits = any(entry["M"]["what"]["S"] == "omitted" for entry in tells)
        if not omits and tells[: len(told)] != told:
            self.break_(7, payment_id, "an entry has left the timeline")
        if before["status"] != after["status"] and len(tells) == len(told) and not omits:
            self.break_(7, payment_id, "a change of status is not on the timeline")
        if int(after.get("questions", _ZERO)["N"]) > int(before.get("questions", _ZERO)["N"]):
            asked = int(after["askedAt"]["N"])
            if "askedAt" in before and asked - int(before["askedAt"]["N"]) < ASK_INTERVAL:
                self.break_(0, payment_id, "asked twice in ten seconds")

    def _tell(self, payment_id: str, old: Status | None, after: Image) -> None:
        status, version = after["status"]["S"], after["version"]["N"]
        due = after.get("dueAt")
        wait = f", due in {(int(due['N']) - self.story.loop.now) // 1000} s" if due else ", not due"
        change = status if old == status else f"{old or 'nothing'} -> {status}"
        self.story.tell(payment_id, f"stored: {change}, version {version}{wait}")


_ZERO: Final[Image] = {"N": "0"}


@dataclass
class Judge:
    """Looks at everything that is left once the faults have stopped and all has settled."""

    watch: Watch
    dynamodb: MemoryDynamoDB
    server: ElsomServer
    shop: Shop
    dead_webhooks: frozenset[str]
    now: int
    put_off: int = 0

    def __post_init__(self) -> None:
        self.items = [to_item(image) for image in self.dynamodb.images.values()]
        self.payments = [payment_of(item) for item in self.items if item["kind"] == "payment"]
        self.cases = {item["pk"]: item for item in self.items if item["kind"] == "case"}
        self.with_case = {case["paymentId"] for case in self.cases.values()}

    def judge(self) -> None:
        for payment in self.payments:
            self._judge_money(payment)
            self._judge_timeline(payment)
            self._judge_cases(payment)
            self._judge_events(payment)
        self._judge_duplicates()
        self._judge_foreign()
        self._judge_cases_told()
        for event, forms in self.shop.forms.items():
            if len(forms) > 1:
                self.watch.break_(6, event, f"one event id has several contents: {sorted(forms)}")

    def _judge_money(self, payment: Payment) -> None:
        transaction = self.server.transactions.get(payment.id)
        has_case = payment.id in self.with_case
        took = transaction is not None and transaction.status(self.now) is Answer.PAID
        if took and payment.status is not Status.PAID and not has_case:
            self.watch.break_(2, payment.id, f"ends {payment.status}, without a case")
        if payment.status not in FINAL and not has_case:
            self.watch.break_(5, payment.id, f"ends {payment.status}, without a case")

    def _put_off(self, stranger: Transaction) -> bool:
        """Whether Elsom itself, asked about an id of nobody's, would not tell; counted.

        The contract: any answer but `1` ends these questions, an error code too. Only another
        notification would start them again.
        """
        excused = any(at >= stranger.truth[0][0] for at in stranger.put_off_at)
        self.put_off += excused
        return excused

    def _judge_timeline(self, payment: Payment) -> None:
        omits = any(entry["what"] == "omitted" for entry in payment.timeline)
        told = [(entry.get("sequence"), entry["what"]) for entry in payment.timeline]
        for sequence, status in self.watch.moves[payment.id]:
            if status is not Status.CREATED and not omits and (sequence, status) not in told:
                self.watch.break_(7, payment.id, f"{status} is not on the timeline")
        transaction = self.server.transactions.get(payment.id)
        if transaction and transaction.starts and (None, "start_sent") not in told:
            self.watch.break_(7, payment.id, "its start is not on the timeline")
        # Before it was started, its id was one of nobody's.
        asked = (
            [at for at in transaction.asked_at if at >= payment.created_at] if transaction else []
        )
        if len(asked) > payment.questions:
            self.watch.break_(7, payment.id, "a question was not counted")

    def _judge_cases(self, payment: Payment) -> None:
        moved_to = [status for _, status in self.watch.moves[payment.id]]
        expected = []
        if payment.status is Status.PAID and any(status in FINAL for status in moved_to[:-1]):
            expected.append(CaseKind.PAID_LATE)
        if payment.disagreed_at is not None:
            expected.append(CaseKind.DISAGREEMENT)
        if any(entry.get("reason") == Reason.UNRESOLVED for entry in payment.timeline):
            expected.append(CaseKind.UNRESOLVED)
        for kind in expected:
            if case_id(kind, payment.id) not in self.cases:
                self.watch.break_(2, payment.id, f"there is no case {kind}")

    def _judge_duplicates(self) -> None:
        orders: dict[str, list[Payment]] = defaultdict(list)
        for payment in self.payments:
            if payment.status is Status.PAID:
                orders[payment.order_id].append(payment)
        for payments in orders.values():
            payments.sort(key=lambda one: (one.paid_at or 0, one.id))
            for payment in payments[1:]:
                if case_id(CaseKind.DUPLICATE_PAID, payment.id) not in self.cases:
                    self.watch.break_(2, payment.id, "paid twice for one order, without a case")

    def _judge_foreign(self) -> None:
        for transaction in self.server.transactions.values():
            trn = transaction.id
            paid = transaction.status(self.now) is Answer.PAID
            if not (paid and transaction.foreign and transaction.knows and is_id(trn)):
                continue
            heard_of = trn in self.watch.acknowledged
            if heard_of and case_id(CaseKind.PAID_UNKNOWN, trn) not in self.cases:
                if self._put_off(transaction):
                    continue
                self.watch.break_(2, trn, "money for an id of nobody's, without a case")

    def _judge_events(self, payment: Payment) -> None:
        for sequence, status in self.watch.moves[payment.id]:
            if status is Status.CREATED:
                continue
            event = event_id(payment.id, sequence)
            kind = _TYPE[status]
            if status is Status.PAID and payment.late:
                kind += "_late"
            self._judge_event(event, payment.id, {"type": kind, "sequence": sequence})
        told = self.shop.events_of.get(payment.id, set())
        known = {event_id(payment.id, sequence) for sequence, _ in self.watch.moves[payment.id]}
        if told - known:
            self.watch.break_(6, payment.id, f"told of what never was: {sorted(told - known)}")

    def _judge_event(self, event: str, subject: str, expected: dict[str, Any]) -> None:
        received = self.shop.delivered.get(event)
        if received is None:
            if event not in self.shop.gone and event not in self.dead_webhooks:
                self.watch.break_(6, subject, f"the shop was never told {expected['type']}")
        elif any(received[name] != value for name, value in expected.items()):
            self.watch.break_(6, subject, f"was told {received['type']}, not {expected['type']}")

    def _judge_cases_told(self) -> None:
        for case in self.cases.values():
            opened = event_id(case["pk"], case["createdAt"])
            self._judge_event(opened, case["paymentId"], {"type": "case.opened"})
