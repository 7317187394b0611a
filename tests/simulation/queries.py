"""Status queries as they are seen between the stack and Elsom: when, about whom, what was heard."""

import json
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from payments.http_client import Reply
from tests.simulation.rules import (
    ILL_AFTER,
    QUERY_RULE,
    REFUSED,
    TOLERANCE,
    UNKNOWN_INTERVAL,
    WAS_THERE_WITHIN,
)
from tests.simulation.tasks import Ended, Killed, Loop, Task

VALID: Final = frozenset({"A", "1", "2", "3", "4"})
NEGATIVE: Final = frozenset({"2", "3", "4"})
ERROR_CODE: Final = "error code"
DENIED: Final = "4xx"
_LATELY: Final = 7


@dataclass(slots=True)
class Query:
    """One status query. `claimed_at`: when its function last looked at its clock before it wrote.

    `step` tells which of two came first, whatever their clocks show.
    `word`: what Elsom said, None while it says nothing; `taken`: its function lived to use it.
    """

    subject: str
    claimed_at: int
    sent_at: int
    task: Task | None
    step: int = 0
    word: str | None = None
    heard_at: int | None = None
    taken: bool = False


def word_of(reply: Reply | None) -> str | None:
    """What a reply says about the payment: a status, an error code, a 4xx, or nothing."""
    if reply is None:
        return None
    if 400 <= reply.status < 500:
        return None if reply.status in REFUSED else DENIED
    if reply.status != 200 or not reply.whole:
        return None
    text = reply.body.decode(errors="replace").strip()
    try:
        # The document's own examples end in a comma too many.
        whole = json.loads(text[:-2] + "}" if text.endswith(",}") else text)
        response = whole["Response"]
        if str(response["ErrorCode"]) != "0":
            return ERROR_CODE
        status = str((response.get("Result") or whole["Result"])["PaymentStatus"]).upper()
    except (ValueError, LookupError, TypeError):
        return None
    return status if status in VALID else None


Break = Callable[[int, str, str], None]


@dataclass
class Queries:
    """Every status query of a run. `is_known`: whether the stack has a payment of this id."""

    loop: Loop
    is_known: Callable[[str], bool]
    break_: Break
    step: Callable[[], int]
    of: dict[str, list[Query]] = field(default_factory=lambda: defaultdict(list))
    tried_at: dict[str, int] = field(default_factory=dict)
    # Hears of every query that was answered, and of it with a word or without.
    on_heard: Callable[[Query], None] = field(default=lambda _query: None)
    # Hears of every query whose word its function has used.
    on_taken: Callable[[Query], None] = field(default=lambda _query: None)
    # Since when known payments get no response, as far as one may think so.
    ill_at: int | None = None
    _claims: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    _unknown_claims: list[int] = field(default_factory=list)
    _valid: list[tuple[int, str]] = field(default_factory=list)
    _lately: list[bool] = field(default_factory=list)
    _open: dict[int, list[Query]] = field(default_factory=lambda: defaultdict(list))

    def tried(self, subject: str) -> None:
        """A function has come so far as to query Elsom; it may still die before it does."""
        self.tried_at[subject] = self.loop.now

    def sent(self, subject: str) -> Query:
        now, task = self.loop.now, self.loop.task
        claimed = now if task is None or task.claimed_at is None else task.claimed_at
        if task is not None:
            task.claimed_at = None
        query = Query(subject, claimed, now, task, self.step())
        self.of[subject].append(query)
        if self.is_known(subject):
            if task is not None:
                task.queried_ours = True
            self._hold_to_rule(subject, claimed)
        else:
            self._hold_unknown(claimed)
        return query

    def heard(self, query: Query, reply: Reply | None) -> None:
        query.word, query.heard_at = word_of(reply), self.loop.now
        self.on_heard(query)
        known = self.is_known(query.subject)
        if query.word in VALID and known:
            self._valid.append((self.loop.now, query.subject))
        if known and query.word != DENIED:
            # A 4xx shows no illness: Elsom was there, and has no word on this payment.
            self._note_health(spoke=query.word is not None)
        if query.task is None:
            self._take(query)
        elif query.word is not None:
            self._open[id(query.task)].append(query)

    def wrote(self, subject: str) -> None:
        """The running function has written to this id: it has used what it heard."""
        for query in self._open.get(id(self.loop.task), ()):
            if query.subject == subject and not query.taken:
                self._take(query)

    def ended(self, task: Task, how: Ended) -> list[Query]:
        """A function is over; what it heard and did not use: of its own will, or not."""
        left = [query for query in self._open.pop(id(task), ()) if not query.taken]
        if how.error is None:
            for query in left:
                self._take(query)
            return []
        return [] if isinstance(how.error, Killed) else left

    def words(self, subject: str, since: int) -> Iterator[Query]:
        """What was heard and used about an id, in queries sent from then on."""
        for query in self.of.get(subject, ()):
            if query.sent_at >= since and query.word is not None and query.taken:
                yield query

    def was_there(self, subject: str, moment: int) -> bool:
        """Whether Elsom gave another payment a valid status in the hour before."""
        first = bisect_left(self._valid, (moment - WAS_THERE_WITHIN, ""))
        last = bisect_left(self._valid, (moment, ""))
        return any(other != subject for _, other in self._valid[first:last])

    def forget(self) -> None:
        """The table was restored: what it knew of the last queries is gone."""
        self._claims.clear()
        self._unknown_claims.clear()

    def _take(self, query: Query) -> None:
        query.taken = True
        if query.word is not None:
            self.on_taken(query)

    def _hold_to_rule(self, subject: str, claimed: int) -> None:
        claims = self._claims[subject]
        insort(claims, claimed)
        for most, within in QUERY_RULE.limits:
            for place in range(max(0, len(claims) - 2 * most - 2), len(claims) - most):
                if claims[place + most] - claims[place] < within - TOLERANCE:
                    text = f"{most + 1} queries in {claims[place + most] - claims[place]} ms"
                    self.break_(0, subject, text)
                    return

    def _hold_unknown(self, claimed: int) -> None:
        claims = self._unknown_claims
        insort(claims, claimed)
        latest = claims[-8:]
        for first, second in pairwise(latest):
            if second - first < UNKNOWN_INTERVAL - TOLERANCE:
                self.break_(0, "elsom", f"two queries of unknown ids in {second - first} ms")
                return

    def _note_health(self, *, spoke: bool) -> None:
        """Five without a response among the last seven: the stack may leave Elsom alone."""
        self._lately = [*self._lately[-_LATELY + 1 :], spoke]
        if self._lately.count(False) >= ILL_AFTER:
            self.ill_at = self.loop.now
