"""Everything one sandbox holds."""

from collections import deque
from itertools import count
from pathlib import Path
from typing import Final, cast

import msgspec
from flask import current_app
from werkzeug.local import LocalProxy

from sandbox.elsom import Elsom
from sandbox.faults import FaultBook
from sandbox.protocol import Options
from sandbox.server import SandboxServer
from sandbox.transactions import TransactionStore


class Call(msgspec.Struct, rename="camel"):
    number: int
    at: str
    verb: str
    path: str
    method: str | None  # the JSON method name
    trn: str | None
    headers: dict[str, str]
    body: str
    fault: str | None = None  # what was done to it instead of a plain answer
    answer_status: int | None = None
    answer: str | None = None  # None when none was sent whole


class Sandbox:
    """The parts of the sandbox that is reached through `server`. Raises ValueError, OSError."""

    def __init__(self, server: SandboxServer, state_file: Path | None, options: Options) -> None:
        self.server = server
        self.store = TransactionStore(state_file)
        self.first_options = options
        self.elsom = Elsom(self.store, server.url, options)
        self.faults = FaultBook()
        self.calls: deque[Call] = deque(maxlen=10_000)  # oldest first
        self.numbers = count(1)

    def reset(self) -> None:
        """Forget transactions, calls, faults and changed options; keep the portal URL."""
        self.faults.clear()
        self.calls.clear()
        self.store.clear()
        self.elsom.options = self.first_options
        self.server.open_again()


# The sandbox whose request is being answered.
here: Final = cast("Sandbox", LocalProxy(lambda: current_app.extensions["sandbox"]))
