"""The listening side: one port, over TLS or not, that can refuse connections for a while."""

import errno
import socket
import ssl
import threading
from typing import Any, Final

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler, select_address_family

# In the request's environment: what is called once its answer has gone out, or was lost.
AFTER: Final = "sandbox.after"


class Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True
    timeout = 60

    def run_wsgi(self) -> None:
        try:
            super().run_wsgi()
        finally:
            if after := self.environ.get(AFTER):
                after()

    def connection_dropped(self, *_: object) -> None:
        """Close without an answer: the client left, or a fault wants it so."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Say nothing: request lines may hold the portal's token; the call log has them all."""


class SandboxServer(ThreadedWSGIServer):
    """One port of the sandbox; every connection has a daemon thread of its own."""

    def __init__(self, host: str, port: int, app: Flask, tls: ssl.SSLContext | None = None) -> None:
        self._turn = threading.Lock()
        self._thread = threading.Thread()
        self._reopening = threading.Timer(0, self.open_again)
        bound = _bound(host, port, tls)
        # Given a bound socket, the base class leaves the words about a taken port to us.
        super().__init__(host, port, app, Handler, fd=bound.fileno())
        self.socket.close()
        self.socket, self.ssl_context = bound, tls
        address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.url = f"http://{address}" if tls is None else f"https://{address}"

    def start(self) -> None:
        self.server_activate()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for `seconds`; returns once the port is closed."""
        with self._turn:
            self._reopening.cancel()
            if self._thread.is_alive():
                self.shutdown()
                self._thread.join()
                # Bound but not listening: the kernel refuses, and nothing else can take the port.
                self.socket = _bound(self.host, self.port, self.ssl_context)
            self._reopening = threading.Timer(seconds, self.open_again)
            self._reopening.daemon = True
            self._reopening.start()

    def open_again(self) -> None:
        """End a refusal before its time; returns once the port is open."""
        with self._turn:
            self._reopening.cancel()
            if not self._thread.is_alive():
                self.start()


def _bound(host: str, port: int, tls: ssl.SSLContext | None) -> socket.socket:
    made = socket.socket(select_address_family(host, port))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ValueError(f"Port {port} on {host} is already taken; choose another one.") from None
    if tls is None:
        return made
    # The handshake is left to the first read: in the connection's own thread it holds up no other.
    return tls.wrap_socket(made, server_side=True, do_handshake_on_connect=False)
