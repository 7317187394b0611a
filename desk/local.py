"""The desk on this machine: on 127.0.0.1 alone, for whoever has the address that is printed."""

from __future__ import annotations

import getpass
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from desk.access import LocalAccess
from desk.api import Api
from desk.app import Options, create_app

HOST: Final = "127.0.0.1"
_LONGEST_NAME: Final = 64


class _Quiet(WSGIRequestHandler):
    """Writes no line for each request: a query may hold what a customer is called."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def person_here() -> str:
    """Who works at this machine, as payments and cases will name them."""
    try:
        name = "".join(one for one in getpass.getuser() if one.isprintable())
    except (KeyError, OSError):
        name = ""
    return name[:_LONGEST_NAME] or "operator"


def local_server(api: Api, stack: str, port: int, key: str | None) -> BaseWSGIServer:
    """The desk, listening; raise OSError when the port is taken. Without a key it is open."""
    # Else a page of another site could have its own name lead here.
    options = Options(stack=stack, hosts=(HOST, "localhost"))
    app = create_app(api, LocalAccess(person_here(), key), options)
    # Werkzeug would end the process where the port is taken; it makes a copy of this socket.
    with socket.create_server((HOST, port)) as bound:
        return make_server(
            HOST, port, app, threaded=True, request_handler=_Quiet, fd=bound.fileno()
        )


def address_of(port: int, key: str | None) -> str:
    """What to open in the browser."""
    return f"http://{HOST}:{port}/" + (f"enter?key={key}" if key else "")


def serve(server: BaseWSGIServer, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    ready()
    server.serve_forever()
    server.server_close()
