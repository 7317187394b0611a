"""The end of a world: everything that is left, once the faults have stopped and all has settled."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from payments.domain.cases import CaseKind
from payments.domain.clock import HOUR
from payments.domain.ids import is_id
from payments.domain.payment import FINAL, ElsomStatus, Payment, Reason, Status
from tests.simulation.elsom import ElsomServer, Transaction
from tests.simulation.invariants import Invariants
from tests.simulation.queries import NEGATIVE, VALID
from tests.simulation.rules import TOLERANCE, UNKNOWN_FOLLOWED_FOR
from tests.simulation.shop import Shop

_REACHED_ELSOM: Final = (None, "start_sent")


@dataclass(frozen=True)
class Stored:
    """What the table holds, as the stack reads it."""

    payments: tuple[Payment, ...]
    # (kind, payment id) of every case, with its own id.
    cases: tuple[tuple[str, str, str], ...]
    # How often each payment was queried, as it is counted there.
    queries: Mapping[str, int]


@dataclass
class Judge:
    """`lost`: (payment id, sequence) of events that nobody could publish again any more.

    `late_for`: how long late checks go on after an end; `give_up`: when a payment may be given up.
    """

    invariants: Invariants
    stored: Stored
    server: ElsomServer
    shop: Shop
    now: int
    late_for: int
    give_up: int
    lost: frozenset[tuple[str, int]] = frozenset()
    put_off: int = 0

    def __post_init__(self) -> None:
        self.cases = {(kind, payment_id) for kind, payment_id, _ in self.stored.cases}
        self.with_case = {payment_id for _, payment_id, _ in self.stored.cases}

    def judge(self) -> None:
        for payment in self.stored.payments:
            self._judge_end(payment)
            self._judge_money(payment)
            self._judge_cases(payment)
            if payment.id not in self.invariants.restored:
                self._judge_timeline(payment)
                self._judge_queries(payment)
            self._judge_events(payment)
        self._judge_duplicates()
        self._judge_foreign()
        self._judge_cases_published()
        self._judge_event_ids()

    def _judge_end(self, payment: Payment) -> None:
        if payment.status in FINAL or payment.id in self.with_case:
            return
        queries = self.invariants.queries
        words = list(queries.words(payment.id, payment.created_at + self.give_up))
        counts = [one.word in VALID or queries.was_there(payment.id, one.sent_at) for one in words]
        # Elsom has no word on it, and no other payment's query shows that it was there.
        if counts and not any(counts):
            return
        self.invariants.break_(5, payment.id, f"ends {payment.status}, without a case")

    def _judge_money(self, payment: Payment) -> None:
        transaction = self.server.transactions.get(payment.id)
        if transaction is None or transaction.status(self.now) is not ElsomStatus.PAID:
            return
        if payment.status is Status.PAID or payment.id in self.with_case:
            return
        if self._was_put_off(transaction, payment):
            self.put_off += 1
            return
        self.invariants.break_(2, payment.id, f"ends {payment.status}, without a case")

    def _was_put_off(self, transaction: Transaction, payment: Payment) -> bool:
        """Elsom showed the money to nobody while it had to be queried.

        After the last late check only a notification brings a query. When that, begun after the
        money came, meets an error code, or a restore took the notification away, it is over.
        """
        restored = payment.id in self.invariants.restored
        if restored and payment.status_reason is Reason.ELSOM_UNREACHABLE:
            # The start that reached Elsom is lost with the table; the one that is stored did not.
            return True
        paid_at = transaction.truth[-1][0]
        ended = [at for (one, _), at in self.invariants.moved_at.items() if one == payment.id]
        if payment.status not in FINAL or paid_at < max(ended, default=0) + self.late_for:
            return False
        if restored:
            return True
        words = self.invariants.queries.words(payment.id, paid_at - TOLERANCE)
        return any(query.word not in VALID for query in words)

    def _judge_timeline(self, payment: Payment) -> None:
        omits = any(entry["what"] == "omitted" for entry in payment.timeline)
        reported = [(entry.get("sequence"), entry["what"]) for entry in payment.timeline]
        for sequence, status in self.invariants.moves[payment.id]:
            if status is not Status.CREATED and not omits and (sequence, status) not in reported:
                self.invariants.break_(7, payment.id, f"{status} is not on the timeline")
        transaction = self.server.transactions.get(payment.id)
        if transaction and transaction.starts and _REACHED_ELSOM not in reported:
            self.invariants.break_(7, payment.id, "its start is not on the timeline")

    def _judge_queries(self, payment: Payment) -> None:
        # Before it was started, its id was one of nobody's.
        sent = [
            query
            for query in self.invariants.queries.of.get(payment.id, ())
            if query.claimed_at >= payment.created_at + TOLERANCE
        ]
        if len(sent) > self.stored.queries[payment.id]:
            self.invariants.break_(7, payment.id, "a query was not counted")

    def _judge_cases(self, payment: Payment) -> None:
        moved_to = [status for _, status in self.invariants.moves[payment.id]]
        expected = []
        if payment.status is Status.PAID and any(status in FINAL for status in moved_to[:-1]):
            expected.append(CaseKind.PAID_LATE)
        if any(entry.get("reason") == Reason.UNRESOLVED for entry in payment.timeline):
            expected.append(CaseKind.UNRESOLVED)
        if self._is_contradicted(payment):
            expected.append(CaseKind.DISAGREEMENT)
        if payment.id in self.invariants.restored:
            expected = []
        for kind in expected:
            if (kind, payment.id) not in self.cases:
                self.invariants.break_(2, payment.id, f"there is no case {kind}")

    def _is_contradicted(self, payment: Payment) -> bool:
        """Whether Elsom denied a payment's money in a query sent after it was stored as paid."""
        if payment.paid_at is None:
            return False
        paid_step = self.invariants.paid_step[payment.id]
        words = self.invariants.queries.words(payment.id, 0)
        denials = [query for query in words if query.word in NEGATIVE]
        older = all(query.sent_at < payment.paid_at - TOLERANCE for query in denials)
        if older and (CaseKind.DISAGREEMENT, payment.id) in self.cases:
            self.invariants.break_(
                2, payment.id, "a disagreement by an answer older than the money"
            )
        return any(
            query.step > paid_step and query.sent_at > payment.paid_at + TOLERANCE
            for query in denials
        )

    def _judge_duplicates(self) -> None:
        orders: dict[str, list[Payment]] = defaultdict(list)
        for payment in self.stored.payments:
            if payment.status is Status.PAID:
                orders[payment.order_id].append(payment)
        for payments in orders.values():
            payments.sort(key=lambda one: (one.paid_at or 0, one.id))
            for payment in payments[1:]:
                if (CaseKind.DUPLICATE_PAID, payment.id) not in self.cases:
                    self.invariants.break_(
                        2, payment.id, "paid twice for one order, without a case"
                    )
        if len(self.cases) < len(self.stored.cases):
            self.invariants.break_(2, "cases", "one case was opened twice")

    def _judge_foreign(self) -> None:
        ours = {payment.id for payment in self.stored.payments}
        for transaction in self.server.transactions.values():
            trn = transaction.id
            if trn in ours or trn in self.invariants.restored or not is_id(trn):
                continue
            if (CaseKind.PAID_UNKNOWN, trn) in self.cases:
                continue
            if any(query.word == "A" for query in self.invariants.queries.words(trn, 0)):
                self.invariants.break_(2, trn, "Elsom said A of an id of nobody's, without a case")
            elif self._should_be_found(transaction):
                if self._ended_by_a_word(transaction):
                    self.put_off += 1
                else:
                    self.invariants.break_(2, trn, "money for an id of nobody's, without a case")

    def _should_be_found(self, transaction: Transaction) -> bool:
        """Paid at Elsom, which tells so, and notified in time for us to follow."""
        if transaction.status(self.now) is not ElsomStatus.PAID or not transaction.knows:
            return False
        paid_at = transaction.truth[-1][0] + transaction.lag
        reported = self.invariants.acknowledged.get(transaction.id, [])
        return any(paid_at < at + UNKNOWN_FOLLOWED_FOR - 2 * HOUR for at in reported)

    def _ended_by_a_word(self, transaction: Transaction) -> bool:
        """Any answer but `1` to a query made after the newest notification ends the queries."""
        newest = max(self.invariants.acknowledged[transaction.id])
        words = self.invariants.queries.words(transaction.id, newest - TOLERANCE)
        return any(query.word != "1" for query in words)

    def _judge_events(self, payment: Payment) -> None:
        moves = self.invariants.moves[payment.id]
        late = False
        for sequence, status in moves:
            kind = f"payment.{status}" + ("_late" if late and status is Status.PAID else "")
            late = late or (status in FINAL and status is not Status.PAID)
            if status is Status.CREATED or payment.id in self.invariants.restored:
                continue
            if (payment.id, sequence) in self.lost and sequence != payment.sequence:
                continue
            self._judge_event(payment.id, sequence, kind, payment.id)
        if payment.id in self.invariants.restored and payment.status is not Status.CREATED:
            # What was undone nobody can be told of; what it is now, one is.
            last = f"payment.{payment.status}" + ("_late" if payment.late else "")
            self._judge_event(payment.id, payment.sequence, last, payment.id)
        reported = {sequence for sequence, _ in moves}
        for subject, sequence, kind in self.shop.reported_of.get(payment.id, ()):
            if subject == payment.id and sequence not in reported:
                self.invariants.break_(6, payment.id, f"was told of what never was: {kind}")

    def _judge_event(self, subject: str, sequence: int, kind: str, payment_id: str) -> None:
        if not self.shop.knows_of(subject, sequence, kind):
            self.invariants.break_(6, payment_id, f"the shop was never told {kind}, {sequence}")

    def _judge_cases_published(self) -> None:
        for _, payment_id, case_id in self.stored.cases:
            if (
                not self.shop.was_notified_of_case(case_id)
                and payment_id not in self.invariants.restored
            ):
                self.invariants.break_(6, payment_id, "the shop was never told case.opened")

    def _judge_event_ids(self) -> None:
        for event, contents in self.shop.contents_of.items():
            if len(contents) > 1:
                subject = min(contents)[0]
                text = f"event {event} has several contents: {sorted(contents)}"
                self.invariants.break_(6, subject, text)
        for content, events in self.shop.events_of.items():
            if len(events) > 1:
                self.invariants.break_(6, content[0], f"{content} has several event ids")
