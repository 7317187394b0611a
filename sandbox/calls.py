"""Every call that reached the sandbox, as it arrived, for tests to assert the wire."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from sandbox.clock import now_text
from sandbox.naming import camel_json

RING_SIZE: Final = 10_000


@dataclass
class Call:
    """One call. `body` and `answer` are raw text; `answer` is None when none was sent whole.

    `method` is the JSON method name, `fault` what was done to it instead of a plain answer.
    """

    number: int
    at: str
    verb: str
    path: str
    method: str | None
    trn: str | None
    headers: dict[str, str]
    body: str
    fault: str | None = None
    answer_status: int | None = None
    answer: str | None = None

    def as_json(self) -> dict[str, object]:
        """The call as the control API shows it."""
        return camel_json(self)


class CallLog:
    """The last 10,000 calls, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=RING_SIZE)
        self._count = 0
        self.version = 0

    def add(
        self,
        verb: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        method: str | None,
        trn: str | None,
    ) -> Call:
        """Record a call on arrival, before anything is done about it."""
        with self._lock:
            self._count += 1
            self.version += 1
            text = body.decode("utf-8", "backslashreplace")
            call = Call(self._count, now_text(), verb, path, method, trn, headers, text)
            self._calls.append(call)
            return call

    def answered(self, call: Call, status: int | None, answer: bytes | None) -> None:
        """Record what was sent back, just before it is sent."""
        with self._lock:
            self.version += 1
            call.answer_status = status
            call.answer = None if answer is None else answer.decode("utf-8", "backslashreplace")

    def find(self, trn: str | None = None, method: str | None = None) -> list[Call]:
        """Calls of one PartnerTrnID and one JSON method name, where given."""
        with self._lock:
            calls = list(self._calls)
        return [
            call
            for call in calls
            if (trn is None or call.trn == trn) and (method is None or call.method == method)
        ]

    def clear(self) -> None:
        """Forget every call; numbering goes on."""
        with self._lock:
            self._calls.clear()
            self.version += 1
