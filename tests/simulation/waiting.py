"""Invariant 10, and the early half of 5: nobody waits for a query, or for an end, for ever."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from payments.domain.clock import HOUR, SECOND
from payments.domain.payment import FINAL, Status
from tests.simulation.dynamodb import Image, Key
from tests.simulation.invariants import Invariants
from tests.simulation.queries import VALID, Query
from tests.simulation.rules import (
    ENDS_WITHIN_ANSWERS,
    ILL_FOR,
    INDEX_LATE,
    QUERIED_WITHIN_TURNS,
    RECOVERY,
    TOLERANCE,
)


@dataclass
class Waiting:
    """`turns`: when the schedule has done its work without an error.

    `bad_times`: from and to which an outage excuses everything, and a while after it.
    """

    invariants: Invariants
    bad_times: Sequence[tuple[int, int]]
    give_up: int
    images: dict[str, Image] = field(default_factory=dict)
    turns: list[int] = field(default_factory=list)
    # When a payment was last written, tried, or met by a fault: its waiting begins again.
    _moved_at: dict[str, int] = field(default_factory=dict)
    _faulted_at: dict[str, int] = field(default_factory=dict)

    def written(self, before: Image | None, after: Image) -> None:
        """Listen to the table."""
        if after["kind"]["S"] != "payment":
            return
        subject = after["pk"]["S"]
        self.images[subject] = after
        if before is None or before.get("dueAt") != after.get("dueAt"):
            self._moved_at[subject] = self.invariants.now

    def restored(self, images: Mapping[Key, Image]) -> None:
        """The table is again what it was."""
        self.images = {
            pk: image for (pk, _), image in images.items() if image["kind"]["S"] == "payment"
        }
        self._moved_at = dict.fromkeys(self.images, self.invariants.now)

    def fault(self, subject: str) -> None:
        self._faulted_at[subject] = self.invariants.now

    def turn(self) -> None:
        """The schedule has done its work."""
        self.turns.append(self.invariants.now)
        if len(self.turns) % QUERIED_WITHIN_TURNS == 0:
            self._judge_waiting()

    def _judge_waiting(self) -> None:
        now = self.invariants.now
        if self._is_bad(now):
            return
        first = self.turns[-QUERIED_WITHIN_TURNS - 1] if len(self.turns) > 10 else 0
        for subject, image in self.images.items():
            due = image.get("dueAt")
            if due is None or int(due["N"]) >= first:
                continue
            if self._turns_since(self._waits_since(subject, int(due["N"]))) > QUERIED_WITHIN_TURNS:
                minutes = (now - int(due["N"])) / 60_000
                text = f"due for {minutes:.1f} minutes, while Elsom answers"
                self.invariants.break_(10, subject, text)

    def _waits_since(self, subject: str, due: int) -> int:
        return max(
            due + TOLERANCE,
            self._moved_at.get(subject, 0) + INDEX_LATE,
            self.invariants.queries.tried_at.get(subject, 0),
            self._faulted_at.get(subject, 0),
            max(
                (last + RECOVERY for _, last in self.bad_times if last <= self.invariants.now),
                default=0,
            ),
            (self.invariants.queries.ill_at or 0) + ILL_FOR,
        )

    def _turns_since(self, moment: int) -> int:
        # The message of a turn needs a moment to be served.
        last = bisect_left(self.turns, self.invariants.now - 30 * SECOND)
        return last - bisect_left(self.turns, moment)

    def _is_bad(self, now: int) -> bool:
        ill_at = self.invariants.queries.ill_at
        if ill_at is not None and now < ill_at + ILL_FOR:
            return True
        return any(first <= now < last + RECOVERY for first, last in self.bad_times)

    def judge_ends(self) -> None:
        """Whoever is older than the time for giving up, and was answered since, has ended."""
        for subject, image in self.images.items():
            if Status(image["status"]["S"]) in FINAL:
                continue
            old = int(image["createdAt"]["N"]) + self.give_up + TOLERANCE
            if self.invariants.now < old + HOUR:
                continue
            count = sum(
                self._counts(query) for query in self.invariants.queries.words(subject, old)
            )
            if count >= ENDS_WITHIN_ANSWERS:
                text = f"{count} answers since the time to give up, and still open"
                self.invariants.break_(5, subject, text)

    def _counts(self, query: Query) -> bool:
        """An answer `1` counts; no word on this payment counts if Elsom had one on another."""
        return query.word in VALID or self.invariants.queries.was_there(
            query.subject, query.sent_at
        )
