"""A shop's end of webhooks on 127.0.0.1: keeps what it gets, answers as it is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.http_server import Request, Response, serving

HOOK = "/hook"


@dataclass(frozen=True)
class Received:
    """One request; header names are lower case. `answered` is the status it got."""

    headers: dict[str, str]
    body: bytes
    answered: int

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


@dataclass
class Receiver:
    """`answers` are used up one by one; then every webhook is taken."""

    url: str
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def about(self, subject_id: str) -> list[Received]:
        """What was said about a payment, cases about it included."""
        return [
            one
            for one in list(self.received)
            if one.event.get("payment", {}).get("id") == subject_id
            or one.event.get("case", {}).get("paymentId") == subject_id
        ]

    def types(self, subject_id: str) -> set[str]:
        return {one.event["type"] for one in self.about(subject_id) if one.answered == 200}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a free port; it ends with the context."""

    receiver = Receiver("")

    def take(request: Request) -> Response:
        status = receiver.answers.pop(0) if receiver.answers else 200
        headers = {name.lower(): value for name, value in request.headers.items()}
        receiver.received.append(Received(headers, request.data, status))
        return Response(status=status)

    with serving(take) as url:
        receiver.url = f"{url}{HOOK}"
        yield receiver
