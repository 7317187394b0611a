"""Invariant 9, from outside: while Elsom may still call a payment paid, the due index holds it.

The truth is what is stored on the item itself, not the index's own copy, which lags.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from payments.domain.clock import MINUTE
from payments.domain.ids import is_id
from payments.domain.payment import FINAL, Reason, Status
from tests.simulation.dynamodb import Image, Key
from tests.simulation.elsom import ElsomServer
from tests.simulation.invariants import Invariants
from tests.simulation.queries import Query
from tests.simulation.rules import MOST_MESSAGES, TOLERANCE, UNKNOWN_FOLLOWED_FOR
from tests.simulation.sqs import subject_of

# A late check may be a little before its time: it is counted from the query before it.
_EARLY: Final = 10 * MINUTE


@dataclass
class DueInvariants:
    """Judges an id after every write of it, and when the queue holds nothing about it any more.

    open                                      its next check is set
    ended, and Elsom knows of it              until late checks were answered, as many as there are
                                              steps, the last of them after the steps' time
    a notification no query has verified yet  while no message about it is left
    """

    invariants: Invariants
    server: ElsomServer
    late_ladder: tuple[int, ...]
    images: dict[str, Image] = field(default_factory=dict)
    ended_at: dict[str, int] = field(default_factory=dict)
    notified_at: dict[str, int] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)

    def written(self, before: Image | None, after: Image) -> None:
        """Listen to the table."""
        kind, subject = after["kind"]["S"], after["pk"]["S"]
        if kind not in ("payment", "unknown") or (kind == "unknown" and self.is_ours(subject)):
            return
        self.images[subject] = after
        old = before["status"]["S"] if before and kind == "payment" else None
        if kind == "payment" and after["status"]["S"] != old and after["status"]["S"] in FINAL:
            self.ended_at[subject] = self.invariants.now
        self.judge(subject)

    def content(self, body: str, comes: bool) -> None:
        """Listen to the queue of checks."""
        subject = subject_of(body)
        self.messages[subject] += 1 if comes else -1
        if not comes:
            self.judge(subject)
        elif self.messages[subject] > MOST_MESSAGES:
            text = f"more than {MOST_MESSAGES} messages about it wait in the queue"
            self.invariants.break_(10, subject, text)

    def notification_acknowledged(self, subject: str, arrived: int) -> None:
        if any(self.invariants.queries.words(subject, arrived - TOLERANCE)):
            return
        self.notified_at[subject] = max(arrived, self.notified_at.get(subject, 0))
        self.judge(subject)

    def verified(self, query: Query) -> None:
        """A word of Elsom about an id was used."""
        if query.sent_at + TOLERANCE >= self.notified_at.get(query.subject, query.sent_at + MINUTE):
            del self.notified_at[query.subject]

    def restored(self, images: Mapping[Key, Image], touched: set[str]) -> None:
        """The table is again what it was; what it was told since then nobody can know."""
        self.images = {
            pk: image for (pk, _), image in images.items() if image["kind"]["S"] == "unknown"
        } | {pk: image for (pk, _), image in images.items() if image["kind"]["S"] == "payment"}
        for subject in touched:
            self.notified_at.pop(subject, None)

    def judge(self, subject: str) -> None:
        """Break the invariant if nothing watches an id that something has to watch."""
        image = self.images.get(subject)
        if image is None:
            if is_id(subject):
                self._judge_notified(subject)
            return
        if "dueAt" in image and "dueShard" in image:
            return
        if image["kind"]["S"] == "unknown":
            if "paidAt" not in image:
                self._judge_notified(subject)
            return
        status = Status(image["status"]["S"])
        transaction = self.server.transactions.get(subject)
        if status not in FINAL:
            self.invariants.break_(9, subject, f"{status}, and not due")
        elif transaction is None or not transaction.starts or self._is_lost(subject, image):
            return  # Elsom never got its start, as far as the table can know
        elif status is Status.PAID or not self._judge_late(subject, image):
            self._judge_notified(subject)

    def _is_lost(self, subject: str, image: Image) -> bool:
        """A restore took away the start that reached Elsom; the one that is stored did not."""
        reason = image.get("statusReason", {}).get("S")
        return subject in self.invariants.restored and reason == Reason.ELSOM_UNREACHABLE

    def _judge_late(self, subject: str, image: Image) -> bool:
        reason = image.get("statusReason", {}).get("S")
        ended = self.ended_at.get(subject)
        if ended is None or reason == Reason.UNRESOLVED:
            return False
        answered = list(self.invariants.queries.words(subject, ended))
        steps = len(self.late_ladder)
        if len(answered) < steps:
            text = f"{len(answered)} of {steps} late checks answered, and not due"
        elif answered[-1].sent_at < ended + sum(self.late_ladder[1:]) - _EARLY:
            text = "the last late check is still to come, and it is not due"
        else:
            return False
        self.invariants.break_(9, subject, text)
        return True

    def _judge_notified(self, subject: str) -> None:
        notified = self.notified_at.get(subject)
        if notified is None or self.messages[subject]:
            return
        if self.invariants.now - notified <= UNKNOWN_FOLLOWED_FOR:
            self.invariants.break_(9, subject, "a notification was not verified, and it is not due")

    def is_ours(self, subject: str) -> bool:
        """Whether the table has a payment of this id."""
        image = self.images.get(subject)
        return image is not None and image["kind"]["S"] == "payment"
