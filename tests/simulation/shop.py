"""The shop: receives webhooks, when it can, and throws away what it has seen already."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from payments.moments import SECOND
from payments.transport import MaybeSent, NotSent
from payments.webhooks import Target
from tests.simulation.dynamodb import Gate
from tests.simulation.faults import Faults

# In a thousand deliveries.
TROUBLES: Final = (
    ("refused", 20),
    ("500", 20),
    ("hang", 10),
    ("302", 5),
    ("410", 1),
    ("reset", 10),
)
_STATUS: Final = {"500": 500, "302": 302, "410": 410}
_TIME_OUT: Final = 15 * SECOND


@dataclass
class Shop:
    """`delivered`: by event id, what a shop that throws duplicates away has seen."""

    faults: Faults
    gate: Gate
    down: tuple[tuple[int, int], ...] = ()
    delivered: dict[str, dict[str, Any]] = field(default_factory=dict)
    forms: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    events_of: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    gone: set[str] = field(default_factory=set)

    def post(self, _target: Target, _address: str, payload: str, headers: Mapping[str, str]) -> int:
        """The HTTP status; raises NotSent or MaybeSent, as the real transport does."""
        return self.gate.call("shop", "webhook", lambda: self._receive(payload, headers))

    def _receive(self, payload: str, headers: Mapping[str, str]) -> int:
        loop = self.faults.loop
        event = headers["webhook-id"]
        if any(first <= loop.now < last for first, last in self.down):
            self.faults.note("shop: down for hours")
            raise NotSent("refused")
        trouble = self.faults.of_call(TROUBLES)
        if trouble:
            self.faults.note(f"shop: {trouble}")
        if trouble == "refused":
            raise NotSent("refused")
        if trouble == "410":
            self.gone.add(event)
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
        content = json.loads(payload)
        assert content["eventId"] == event
        about = content.get("payment") or content["case"]
        subject = about.get("paymentId") or about["id"]
        if "payment" in content:
            self.events_of[subject].add(event)
        self.forms[event].add(f"{subject} {content['sequence']} {content['type']}")
        if event in self.delivered:
            self.faults.counts["shop: told again"] += 1
            return
        self.delivered[event] = content
        self.faults.story.tell(subject, f"shop: told {content['type']}, event {event}")
