"""Everything one sandbox holds, and the one way a call of the protocol takes through it."""

from collections.abc import Callable
from pathlib import Path

from sandbox.calls import CallLog
from sandbox.connection import Connection, Response, json_response
from sandbox.elsom import Elsom, Reply
from sandbox.faults import Fault, FaultBook, play
from sandbox.options import Options
from sandbox.protocol import read_request
from sandbox.transactions import TransactionStore


def _cannot_refuse(_seconds: float) -> None:
    raise ValueError("This sandbox cannot refuse connections.")


class Sandbox:
    """The sandbox's parts. `refuse` closes its door to new connections for some seconds."""

    def __init__(
        self, public_url: str, state_file: Path | None = None, options: Options | None = None
    ) -> None:
        self.public_url = public_url
        self.store = TransactionStore(state_file)
        self.elsom = Elsom(self.store, public_url)
        self.first_options = options or Options()
        self.elsom.options = self.first_options
        self.calls = CallLog()
        self.faults = FaultBook()
        self.refuse: Callable[[float], None] = _cannot_refuse
        self.open_again: Callable[[], None] = lambda: None

    def serve_call(
        self, connection: Connection, verb: str, path: str, headers: dict[str, str], body: bytes
    ) -> None:
        """Record one call, answer it as Elsom would, and let the ordered faults spoil that."""
        request = read_request(body)
        call = self.calls.add(verb, path, headers, body, request.method, request.trn)

        def about_to_send(response: Response, whole: bool) -> None:
            self.calls.answered(call, response.status, response.body if whole else None)

        if verb != "POST":
            response = json_response({"error": "Elsom is called by POST."}, 404)
            about_to_send(response, True)
            connection.send(response)
            return
        released = self.faults.release_signal()
        fault = self.faults.take(request.method, request.trn)
        reply = Reply(b"")
        if fault is None or fault.accepted:
            reply = self.elsom.answer(request, headers.get("content-type", ""))
        if fault is None and reply.hang_seconds is not None:
            fault = Fault("hang", seconds=reply.hang_seconds)
        usual = Response(body=reply.body)
        if fault is not None and fault.fault == "errorcode":
            usual = self.elsom.refusal(fault.error_code, fault.error_msg)
        try:
            if fault is None:
                about_to_send(usual, True)
                connection.send(usual)
            else:
                call.fault = fault.fault
                play(fault, connection, usual, released, about_to_send)
        finally:
            reply.after()

    def reset(self) -> None:
        """Forget transactions, calls, faults and changed options; keep the portal URL."""
        self.faults.clear()
        self.store.clear()
        self.calls.clear()
        self.elsom.options = self.first_options
        self.open_again()
