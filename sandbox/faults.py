"""Faults ordered through the control API: which call they meet, and what they do to it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sandbox.connection import JSON_TYPE, Connection, Response
from sandbox.naming import camel_json
from sandbox.protocol import START, STATUS, STATUS_NAMES

# Seconds a fault lasts unless it says otherwise.
_DEFAULT_SECONDS: Final = {"hang": 60.0, "slow": 2.0, "refuse": 5.0}
# After these Elsom has done what it was asked; only its answer was late or lost.
_ACCEPTED: Final = ("hang", "slow", "reset", "cut")
FAULTS: Final = (
    *("hang", "slow", "reset", "cut", "500", "503", "302", "400"),
    *("garbage", "empty", "refuse", "errorcode"),
)
_LONGEST_SECONDS: Final = 3600.0


@dataclass
class Fault:
    """One ordered fault.

    `times`: how many calls it still meets, -1 for all. `trn`: only calls with this PartnerTrnID.
    `accepted`: whether Elsom does what the call asks before the fault hides it.
    """

    fault: str
    method: str | None = None
    times: int = 1
    trn: str | None = None
    seconds: float = 0.0
    error_code: str = "99"
    error_msg: str = "Ordered by the sandbox's control API"
    accepted: bool = False

    def as_json(self) -> dict[str, object]:
        """The fault as the control API shows it."""
        return camel_json(self)

    def meets(self, method: str | None, trn: str | None) -> bool:
        """Whether this fault is meant for such a call."""
        name = STATUS if method in STATUS_NAMES else method
        return (
            self.times != 0
            and name in (START, STATUS)
            and self.method in (None, name)
            and self.trn in (None, trn)
        )


def fault_from(document: dict[str, object]) -> Fault:
    """Read a fault; ValueError names what is wrong."""
    known = set(Fault("").as_json())
    if unknown := set(document) - known:
        raise ValueError(f"A fault has no {', '.join(sorted(unknown))}.")
    name = document.get("fault")
    if name not in FAULTS:
        raise ValueError(f"fault is one of {', '.join(FAULTS)}.")
    method = document.get("method")
    if method not in (None, START, *STATUS_NAMES):
        raise ValueError(f"method is {START} or {STATUS}.")
    times = document.get("times", 1)
    if not isinstance(times, int) or isinstance(times, bool) or (times < 1 and times != -1):
        raise ValueError("times is a whole number of calls, or -1 for all of them.")
    accepted = document.get("accepted", name in _ACCEPTED)
    if not isinstance(accepted, bool):
        raise ValueError("accepted is true or false.")
    fault = Fault(str(name), times=times, seconds=_seconds(document), accepted=accepted)
    fault.method = STATUS if method in STATUS_NAMES else START if method == START else None
    fault.trn = _text(document, "trn", fault.trn)
    fault.error_code = _text(document, "errorCode", fault.error_code) or ""
    fault.error_msg = _text(document, "errorMsg", fault.error_msg) or ""
    return fault


def _seconds(document: dict[str, object]) -> float:
    seconds = document.get("seconds")
    if seconds is None:
        return _DEFAULT_SECONDS.get(str(document["fault"]), 0.0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError("seconds is a number.")
    if not 0 <= seconds <= _LONGEST_SECONDS:
        raise ValueError(f"seconds is from 0 to {_LONGEST_SECONDS:.0f}.")
    return float(seconds)


def _text(document: dict[str, object], key: str, otherwise: str | None) -> str | None:
    value = document.get(key)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{key} is a text.")
    return str(value)


class FaultBook:
    """The faults that still wait for their calls, in the order they were given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._clearings = 0

    def add(self, fault: Fault) -> None:
        """Wait for the next call this fault meets."""
        with self._lock:
            self._faults.append(fault)

    def take(self, method: str | None, trn: str | None) -> Fault | None:
        """The first fault that meets this call, used up by one."""
        with self._lock:
            for fault in self._faults:
                if fault.meets(method, trn):
                    fault.times -= 1 if fault.times > 0 else 0
                    self._faults = [one for one in self._faults if one.times != 0]
                    return fault
        return None

    def all(self) -> list[dict[str, object]]:
        """The waiting faults as the control API shows them."""
        with self._lock:
            return [fault.as_json() for fault in self._faults]

    def clear(self) -> None:
        """Forget all faults and let go of every connection that hangs."""
        with self._lock:
            self._faults.clear()
            self._clearings += 1

    def release_signal(self) -> Callable[[], bool]:
        """A question that turns true when the faults are cleared after this moment."""
        before = self._clearings
        return lambda: self._clearings != before


_BROKEN_ANSWERS: Final = {
    "500": Response(500, b"<html><body>Internal Server Error</body></html>", "text/html"),
    "503": Response(
        503, b"<html><body>Service Unavailable</body></html>", "text/html", {"Retry-After": "1"}
    ),
    "302": Response(302, b"", JSON_TYPE, {"Location": "/moved"}),
    "400": Response(400, b"<html><body>Bad Request</body></html>", "text/html"),
    "garbage": Response(200, b'\xff\xfe{"Response": <<< not JSON \x00'),
    "empty": Response(200, b""),
}


def play(
    fault: Fault,
    connection: Connection,
    usual: Response,
    released: Callable[[], bool],
    about_to_send: Callable[[Response, bool], None],
) -> None:
    """Do to the connection what the fault says.

    `usual` is the answer without it. `about_to_send` is told each answer that goes out, and
    whether it goes out whole.
    """
    if fault.fault == "hang":
        connection.drop()
        connection.client_left(fault.seconds, released)
    elif fault.fault == "reset":
        connection.reset()
    elif fault.fault == "cut":
        about_to_send(usual, False)
        connection.cut(usual)
    else:
        if connection.client_left(fault.seconds, released):
            return
        answer = _BROKEN_ANSWERS.get(fault.fault, usual)
        about_to_send(answer, True)
        connection.send(answer)
