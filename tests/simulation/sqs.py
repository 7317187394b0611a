"""SQS and the Lambda service that empties it: at least once, in any order, hidden while served."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from heapq import heappop, heappush
from re import compile as pattern
from typing import Any, Final

from payments.domain.clock import SECOND
from tests.simulation.dynamodb import Gate
from tests.simulation.faults import Faults
from tests.simulation.tasks import Ended, Loop

Image = dict[str, Any]
LOSABLE: Final = frozenset({"checks", "webhooks"})
_ID: Final = pattern("[0-9A-HJKMNP-TV-Z]{20}")


@lru_cache(maxsize=4_096)
def subject_of(body: str) -> str:
    """The first id in a message, whatever its form is; "" if there is none."""
    found = _ID.search(body)
    return found[0] if found else ""


@dataclass(slots=True)
class Message:
    """A message of a queue."""

    body: str
    sent_at: int
    receives: int = 0
    cursed: bool = False
    # Every delivery dies, but only when it comes to query Elsom.
    doomed: bool = False
    deleted: bool = False


@dataclass
class Queue:
    """One queue. Times in milliseconds; what was received too often goes to `dead`."""

    name: str
    loop: Loop
    faults: Faults
    visibility: int
    retention: int
    most_receives: int = 12
    dead: list[Message] = field(default_factory=list)
    forgotten: list[Message] = field(default_factory=list)
    on_visible: Callable[[], None] = lambda: None
    # Hears of every message that comes (True) and that is gone (False), with its body.
    on_content: Callable[[str, bool], None] = lambda _body, _comes: None
    _hidden: list[tuple[int, int, Message]] = field(default_factory=list)
    _ready: list[Message] = field(default_factory=list)
    _number: int = 0
    waiting: int = 0

    def put(self, body: str, delay: int = 0) -> None:
        message, about = Message(body, self.loop.now), subject_of(body)
        happens = self.faults.happens
        message.cursed = happens(f"{self.name}: no delivery succeeds", 0.0005, about)
        message.doomed = happens(f"{self.name}: dies after the claim", 0.002, about)
        wait = delay * SECOND
        if happens(f"{self.name}: delayed", 0.005, about):
            wait += self.faults.rng.randint(SECOND, 300 * SECOND)
        self._add(message, self.loop.now + wait)

    def _add(self, message: Message, until: int) -> None:
        self.waiting += 1
        self.on_content(message.body, True)
        self.hide(message, until)

    def hide(self, message: Message, until: int) -> None:
        """Let the message be seen again at this moment."""
        self._number += 1
        heappush(self._hidden, (until, self._number, message))
        self.loop.at(until, self.on_visible)

    def delete(self, message: Message) -> None:
        if not message.deleted:
            message.deleted = True
            self.waiting -= 1
            self.on_content(message.body, False)

    def receive(self) -> Message | None:
        """A message that can be seen now, hidden for the visibility time-out."""
        now = self.loop.now
        while self._hidden and self._hidden[0][0] <= now:
            self._ready.append(heappop(self._hidden)[2])
        while self._ready:
            message = self._ready.pop(self._place())
            if message.deleted:
                continue
            if now - message.sent_at > self.retention:
                self.delete(message)
                self.forgotten.append(message)
                continue
            if message.receives >= self.most_receives:
                self.delete(message)
                self.dead.append(message)
                self.faults.note(f"{self.name}: dead-lettered")
                continue
            message.receives += 1
            self.hide(message, now + self._hidden_for(message))
            return message
        return None

    def _hidden_for(self, message: Message) -> int:
        """Mostly the visibility time-out; now and then the message, or a copy, is seen before."""
        if not self.faults.happens(f"{self.name}: delivered twice", 0.1):
            return self.visibility
        early = self.faults.rng.randint(1, self.visibility)
        if self.faults.rng.random() < 0.7:
            return early
        # A server of SQS that did not hear of the receive, nor of the deletion.
        copy = replace(message)
        self._add(copy, self.loop.now + early)
        return self.visibility

    def reported_receives(self, message: Message, wrong: float) -> int:
        """SQS's approximate count: mostly right."""
        if wrong and self.faults.happens(f"{self.name}: receives miscounted", wrong):
            return max(1, message.receives + self.faults.rng.choice((-3, -2, -1, -1, 1, 2)))
        return message.receives

    def delete_all(self) -> None:
        """Forget every message."""
        for _, _, message in self._hidden:
            self.delete(message)
        for message in self._ready:
            self.delete(message)

    def redrive(self) -> int:
        """Put the dead letters back, as a person does once the cause is gone."""
        moved, self.dead = self.dead, []
        for message in moved:
            self.put(message.body)
        return len(moved)

    def content(self) -> list[tuple[int, str, int]]:
        """Every message: when it can be seen, what it says, how often it was received."""
        hidden = [(at, one.body, one.receives) for at, _, one in self._hidden if not one.deleted]
        ready = [(0, one.body, one.receives) for one in self._ready if not one.deleted]
        return sorted([*hidden, *ready])

    def next_moment(self) -> int | None:
        """When the next message can be seen; None when there is none."""
        content = self.content()
        return content[0][0] if content else None

    def _place(self) -> int:
        """Mostly the first; order is no promise."""
        if len(self._ready) > 1 and self.faults.happens(f"{self.name}: out of order", 0.1):
            return self.faults.rng.randrange(1, min(len(self._ready), 10))
        return 0


class SqsClient:
    """The three calls of boto3's client that the queues make. URLs are queue names.

    `rough`: how far off the figures of the backlog are. A message for a person to look at is
    never lost: nothing else would tell of it.
    """

    def __init__(self, gate: Gate, faults: Faults, *queues: Queue, rough: bool = False) -> None:
        self._gate = gate
        self._faults = faults
        self._queues = {queue.name: queue for queue in queues}
        self.rough = rough

    def send_message(self, *, QueueUrl: str, MessageBody: str, DelaySeconds: int) -> Image:  # noqa: N803 - boto3's names
        assert 0 <= DelaySeconds <= 900

        def effect() -> Image:
            self._put(QueueUrl, MessageBody, DelaySeconds)
            return {}

        return self._gate.call("sqs", "SendMessage", effect, writes=True)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Image]) -> Image:  # noqa: N803 - boto3's names
        assert 1 <= len(Entries) <= 10

        def effect() -> Image:
            partly = self._faults.happens("sqs: batch taken in part", 0.02)
            taken = Entries[:-1] if partly else Entries
            for entry in taken:
                self._put(QueueUrl, entry["MessageBody"], entry["DelaySeconds"])
            failed = [{"Id": entry["Id"]} for entry in Entries[len(taken) :]]
            return {"Successful": [{"Id": entry["Id"]} for entry in taken], "Failed": failed}

        return self._gate.call("sqs", "SendMessageBatch", effect, writes=True)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> Image:  # noqa: N803 - boto3's names
        def effect() -> Image:
            first, *others = AttributeNames
            waiting = self._about(self._queues[QueueUrl].waiting)
            return {"Attributes": {first: str(waiting), **dict.fromkeys(others, "0")}}

        return self._gate.call("sqs", "GetQueueAttributes", effect)

    def _put(self, name: str, body: str, delay: int) -> None:
        if name in LOSABLE and self._faults.happens(f"{name}: lost", 0.001, subject_of(body)):
            return
        self._queues[name].put(body, delay)

    def _about(self, waiting: int) -> int:
        if not self.rough or self._faults.calm:
            return waiting
        if self._faults.happens("sqs: backlog shown as nothing", 0.05):
            return 0
        return int(waiting * self._faults.rng.uniform(0.5, 2))


@dataclass
class Poller:
    """Lambda's event source: a batch of one, never more functions at once than configured."""

    queue: Queue
    faults: Faults
    most_at_once: int
    # Begins the function for a message; the callback hears how it ended.
    invoke: Callable[[Message, Callable[[Ended], None]], None]
    running: int = 0
    most_seen: int = 0

    def __post_init__(self) -> None:
        self.queue.on_visible = self.poll

    def poll(self) -> None:
        while self.running < self.most_at_once:
            message = self.queue.receive()
            if message is None:
                return
            throttled = f"{self.queue.name}: received, function throttled"
            if self.faults.happens(throttled, 0.003, subject_of(message.body)):
                continue
            self.running += 1
            self.most_seen = max(self.most_seen, self.running)
            self.invoke(message, self._ended(message))

    def _ended(self, message: Message) -> Callable[[Ended], None]:
        def ended(how: Ended) -> None:
            self.running -= 1
            if how.error is None and how.value:
                self.queue.delete(message)
            self.poll()

        return ended
