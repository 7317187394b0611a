"""The shop: receives webhooks, when it can, and throws away what it has seen already."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from payments.domain.clock import SECOND
from payments.http_client import MaybeSent, NotSent
from payments.webhooks.rules import Target
from tests.simulation.dynamodb import Gate
from tests.simulation.faults import Faults, Weights

# In a thousand deliveries.
TROUBLES: Final[Weights] = (
    ("refused", 20),
    ("500", 20),
    ("hang", 10),
    ("302", 5),
    ("410", 1),
    ("reset", 10),
)
_STATUS: Final = {"500": 500, "302": 302, "410": 410}
_TIME_OUT: Final = 15 * SECOND


# What an event says: about whom, its number there, its type.
Content = tuple[str, int, str]


@dataclass
class Shop:
    """A shop that throws duplicates away. `contents_of`: by event id, what was ever said.

    `settled`: the events that it took, or refused for good, or that are dead letters.
    """

    faults: Faults
    gate: Gate
    down: tuple[tuple[int, int], ...] = ()
    troubles: Weights = TROUBLES
    settled: set[str] = field(default_factory=set)
    contents_of: dict[str, set[Content]] = field(default_factory=lambda: defaultdict(set))
    events_of: dict[Content, set[str]] = field(default_factory=lambda: defaultdict(set))
    reported_of: dict[str, set[Content]] = field(default_factory=lambda: defaultdict(set))
    # What it took, refused for good, or would find aside.
    known: set[Content] = field(default_factory=set)
    # The cases that it was told were opened.
    cases: set[str] = field(default_factory=set)

    def post(self, _target: Target, _address: str, payload: str, headers: Mapping[str, str]) -> int:
        """The HTTP status; raises NotSent or MaybeSent, as the real transport does."""
        return self.gate.call("shop", "webhook", lambda: self._receive(payload, headers))

    def _receive(self, payload: str, headers: Mapping[str, str]) -> int:
        loop = self.faults.loop
        event = headers["webhook-id"]
        if any(first <= loop.now < last for first, last in self.down):
            self.faults.note("shop: down for hours")
            raise NotSent("refused")
        trouble = self.faults.of_call(self.troubles)
        if trouble:
            self.faults.note(f"shop: {trouble}")
        if trouble == "refused":
            raise NotSent("refused")
        if trouble == "410":
            self.settle(payload)
        if trouble in _STATUS:
            return _STATUS[trouble]
        self.keep(event, payload)
        if trouble == "hang":
            loop.sleep(_TIME_OUT)
            raise MaybeSent("timeout")
        if trouble == "reset":
            raise MaybeSent("reset")
        return 204

    def keep(self, event: str, payload: str) -> None:
        """Take a webhook in; one that was seen before only counts."""
        content, payment_id = self._read(event, payload)
        self.reported_of[payment_id].add(content)
        if event in self.settled and content in self.known:
            self.faults.counts["shop: told again"] += 1
            return
        self.settle(payload)
        self.faults.trace.log(payment_id, f"shop: told {content[2]}, event {event}")

    def settle(self, payload: str) -> None:
        """Nobody has to tell this one any more."""
        event = str(json.loads(payload)["eventId"])
        content, _ = self._read(event, payload)
        self.settled.add(event)
        self.known.add(content)
        if content[2] == "case.opened":
            self.cases.add(content[0])

    def knows_of(self, subject: str, sequence: int, kind: str) -> bool:
        return (subject, sequence, kind) in self.known

    def was_notified_of_case(self, case_id: str) -> bool:
        return case_id in self.cases

    def _read(self, event: str, payload: str) -> tuple[Content, str]:
        said = json.loads(payload)
        assert said["eventId"] == event
        about = said.get("payment") or said["case"]
        content = (about["id"], int(said["sequence"]), said["type"])
        self.contents_of[event].add(content)
        self.events_of[content].add(event)
        return content, about.get("paymentId") or about["id"]
