"""Faults ordered through the control API: which call they meet, and what they do to it.

What HTTP has no word for is done to the connection's own socket, which Werkzeug hands on with the
request; ConnectionAbortedError makes its server close the connection without an answer.
"""

import os
import select
import socket
import struct
import threading
import time
from typing import Annotated, Final, Literal, get_args

import msgspec
from flask import Response

from sandbox.protocol import FIELDS, SHORT_STATUS, STATUS, Request

# After these Elsom has done what it was told; only its answer was late or lost.
_Accepted = Literal["hang", "slow", "reset", "cut"]
_Other = Literal["500", "503", "302", "400", "garbage", "empty", "refuse", "errorcode"]
FAULTS: Final = (*get_args(_Accepted), *get_args(_Other))
# Seconds a fault lasts unless it says otherwise.
_SECONDS: Final = {"hang": 60.0, "slow": 2.0, "refuse": 5.0}
JSON: Final = {"Content-Type": "application/json; charset=utf-8"}
_HTML: Final = {"Content-Type": "text/html"}
_BROKEN_ANSWERS: Final[dict[str, tuple[int, bytes, dict[str, str]]]] = {
    "500": (500, b"<html><body>Internal Server Error</body></html>", _HTML),
    "503": (503, b"<html><body>Service Unavailable</body></html>", _HTML | {"Retry-After": "1"}),
    "302": (302, b"", JSON | {"Location": "/moved"}),
    "400": (400, b"<html><body>Bad Request</body></html>", _HTML),
    "garbage": (200, b'\xff\xfe{"Response": <<< not JSON \x00', JSON),
    "empty": (200, b"", JSON),
}


class Fault(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    fault: Literal[_Accepted, _Other]
    method: Literal["IA_Init", "PartnerGetPaymentStatus", "GetPaymentStatus"] | None = None
    times: int = 1  # how many calls it still meets, -1 for all
    trn: str | None = None  # only calls with this PartnerTrnID
    seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] | None = None
    error_code: str | int = "99"
    error_msg: str = "Ordered by the sandbox's control API"
    accepted: bool | None = None  # whether Elsom does what the call wants, and only hides it

    def __post_init__(self) -> None:
        """Fill in what depends on the fault. Raises ValueError."""
        if self.times < 1 and self.times != -1:
            raise ValueError("times is a whole number of calls, or -1 for all of them.")
        self.method = STATUS if self.method == SHORT_STATUS else self.method
        if self.seconds is None:
            self.seconds = _SECONDS.get(self.fault, 0.0)
        if self.accepted is None:
            self.accepted = self.fault in get_args(_Accepted)

    def meets(self, request: Request) -> bool:
        is_known = request.method in FIELDS and self.method in (None, request.method)
        return is_known and self.trn in (None, request.trn)

    def answer(self, usual: bytes, connection: socket.socket, end: threading.Event) -> Response:
        """What is sent instead of the usual answer. Raises ConnectionAbortedError for nothing."""
        if self.fault == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # Closed here and now: the server's own way of closing begins with a FIN.
            os.close(connection.detach())
            raise ConnectionAbortedError("reset as ordered")
        until = time.monotonic() + (self.seconds or 0.0)
        while (left := until - time.monotonic()) > 0 and not end.wait(min(left, 0.05)):
            if select.select([connection], [], [], 0)[0] and not connection.recv(65536):
                raise ConnectionAbortedError("the client left")
        if self.fault == "hang":
            raise ConnectionAbortedError("no answer, as ordered")
        if self.fault == "cut":
            promised = JSON | {"Content-Length": str(len(usual))}
            return Response([usual[: len(usual) // 2]], headers=promised)
        status, body, headers = _BROKEN_ANSWERS.get(self.fault, (200, usual, JSON))
        return Response(body, status, headers)


class FaultBook:
    """The faults that still wait for their calls, in the order they were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.waiting: list[Fault] = []
        self.cleared = threading.Event()  # set when the faults are cleared after this moment

    def take(self, request: Request) -> Fault | None:
        with self._lock:
            fault = next((one for one in self.waiting if one.meets(request)), None)
            if fault is not None and fault.times > 0:
                fault.times -= 1
                if not fault.times:
                    self.waiting.remove(fault)
            return fault

    def clear(self) -> None:
        """Forget all faults and let go of every connection that hangs."""
        with self._lock:
            self.waiting.clear()
            self.cleared.set()
            self.cleared = threading.Event()
