"""The table's stream, the event bus and its rule: at least once; in order for each item only."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from payments.domain.clock import MINUTE, SECOND
from tests.simulation.dynamodb import Gate, Image, key_of
from tests.simulation.faults import Faults
from tests.simulation.sqs import Queue
from tests.simulation.tasks import Ended, Loop

KINDS: Final = frozenset({"payment", "case", "unknown"})
BATCH: Final = 100
SHARDS: Final = 3

# Begins the function for a batch of records; the callback hears how it ended.
Invoke = Callable[[list[Image], Callable[[Ended], None]], None]


@dataclass
class Shard:
    """Records that are told one batch after the other."""

    loop: Loop
    faults: Faults
    invoke: Invoke
    # Each with the moment it was written.
    records: deque[tuple[int, Image]] = field(default_factory=deque)
    running: bool = False
    tries: int = 0
    # Hears of a batch that is lost, and when its oldest record was written.
    on_lost: Callable[[list[Image], int], None] = lambda _batch, _since: None
    loses_next: bool = False

    def poll(self) -> None:
        if self.running or not self.records:
            return
        # After an error the batch is halved, down to one record.
        size = max(1, BATCH >> min(self.tries, 7))
        size = min(size, len(self.records))
        batch = [self.records[place][1] for place in range(size)]
        if self.loses_next:
            self.loses_next = False
            self.lose(size)
            return
        self.running = True

        def ended(how: Ended) -> None:
            self.running = False
            again = self.faults.happens("stream: batch told again", 0.005)
            if how.error is None and not again:
                self.tries = 0
                for _ in range(min(size, len(self.records))):
                    self.records.popleft()
                self.poll()
            else:
                self.tries += 1
                self.loop.after(min(SECOND << min(self.tries, 6), MINUTE), self.poll)

        self.invoke(batch, ended)

    def lose(self, size: int) -> None:
        """Records that no function ever sees."""
        lost = [self.records.popleft() for _ in range(size)]
        if lost:
            self.faults.note("stream: batch lost")
            self.on_lost([record for _, record in lost], lost[0][0])
        self.poll()


class Stream:
    """The table's stream, spread over shards by the items' keys."""

    def __init__(self, loop: Loop, faults: Faults, invoke: Invoke) -> None:
        self._loop = loop
        self._faults = faults
        self.shards = [Shard(loop, faults, invoke) for _ in range(SHARDS)]

    def written(self, before: Image | None, after: Image) -> None:
        """Listen to the table. The event source's filter lets only three kinds through."""
        if after["kind"]["S"] not in KINDS:
            return
        change: Image = {"NewImage": after, "Keys": {"pk": after["pk"], "sk": after["sk"]}}
        if before is not None:
            change["OldImage"] = before
        name = "INSERT" if before is None else "MODIFY"
        shard = self.shards[sum(key_of(after)[0].encode()) % SHARDS]
        shard.records.append((self._loop.now, {"eventName": name, "dynamodb": change}))
        late = self._faults.happens("stream: late", 0.002)
        self._loop.after(MINUTE if late else 200, shard.poll)

    def lose_everything(self) -> None:
        """The table was replaced: what its stream still held is gone."""
        for shard in self.shards:
            shard.lose(len(shard.records))

    @property
    def waiting(self) -> int:
        return sum(len(shard.records) for shard in self.shards)


class EventsClient:
    """boto3's put_events, and the rule that sends every event to the queue of webhooks."""

    def __init__(self, gate: Gate, faults: Faults, loop: Loop, webhooks: Queue) -> None:
        self._gate = gate
        self._faults = faults
        self._loop = loop
        self._webhooks = webhooks
        self.heard: list[str] = []

    def put_events(self, *, Entries: list[Image]) -> Image:  # noqa: N803 - boto3's name
        assert 1 <= len(Entries) <= 10

        def effect() -> Image:
            refuses = self._faults.happens("bus: one event not taken", 0.005)
            taken = Entries[:-1] if refuses else Entries
            self._log(entry["Detail"] for entry in taken)
            answers: list[dict[str, Any]] = [{"EventId": "1"} for _ in taken]
            failed = [{"ErrorCode": "InternalException"} for _ in Entries[len(taken) :]]
            return {"FailedEntryCount": len(failed), "Entries": [*answers, *failed]}

        return self._gate.call("events", "PutEvents", effect, writes=True)

    def _log(self, details: Iterable[str]) -> None:
        for detail in details:
            times = 2 if self._faults.happens("bus: event twice", 0.01) else 1
            for _ in range(times):
                delay = 20 if self._faults.calm else self._faults.rng.randint(5, 1_500)
                self._loop.after(delay, lambda detail=detail: self._webhooks.put(detail))  # type: ignore[misc]
            self.heard.append(detail)
