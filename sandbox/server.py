"""The listening side: sockets, TLS, and which part of the sandbox a request is for."""

import socket
import socketserver
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from sandbox.app import Sandbox
from sandbox.connection import Connection, Response, json_response
from sandbox.control import PREFIX, Control
from sandbox.pages import Pages

_LONGEST_BODY: Final = 1_048_576
_HANDSHAKE_SECONDS: Final = 10.0
_ACCEPT_POLL_SECONDS: Final = 0.1


class SandboxServer(ThreadingHTTPServer):
    """One port of the sandbox; every connection has a daemon thread of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        host: str,
        port: int,
        sandbox: Sandbox | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._tls = tls
        self._gate = threading.Condition()
        self._closed_until = 0.0
        self._is_closed = False
        super().__init__((host, port), Handler)
        scheme = "http" if tls is None else "https"
        shown_host = f"[{host}]" if ":" in host else host
        self.url = f"{scheme}://{shown_host}:{self.server_address[1]}"
        if sandbox is not None:
            self.attach(sandbox)

    def attach(self, sandbox: Sandbox) -> None:
        """Say whose requests these are; the sandbox needs the port's URL first."""
        self.sandbox = sandbox
        self.control = Control(sandbox)
        self.pages = Pages(sandbox)

    def server_bind(self) -> None:
        """Bind without the base class's look-up of the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def run(self) -> None:
        """Serve until the process ends, staying away while connections are to be refused."""
        while True:
            self.serve_forever(_ACCEPT_POLL_SECONDS)
            self._stay_closed()

    def refuse(self, seconds: float) -> None:
        """Refuse new connections for `seconds`; returns once the port is closed."""
        with self._gate:
            self._closed_until = time.monotonic() + seconds
            self._gate.notify_all()
            if self._is_closed:
                return
        self.shutdown()
        with self._gate:
            self._gate.wait_for(lambda: self._is_closed, timeout=5)

    def open_again(self) -> None:
        """End a refusal before its time; returns once the port is open."""
        with self._gate:
            self._closed_until = 0.0
            self._gate.notify_all()
            self._gate.wait_for(lambda: not self._is_closed, timeout=5)

    def _stay_closed(self) -> None:
        self.socket.close()
        # Bound but not listening: the kernel refuses, and nobody else can take the port.
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        with self._gate:
            self._is_closed = True
            self._gate.notify_all()
            while (left := self._closed_until - time.monotonic()) > 0:
                self._gate.wait(left)
            self.server_activate()
            self._is_closed = False
            self._gate.notify_all()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection; the handshake is made here, where it holds up nobody else."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(_HANDSHAKE_SECONDS)
        with self._tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away or failed the handshake is no error of the sandbox."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection: reads requests and hands each to the part it is for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: SandboxServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: request lines may hold the portal's token; the call log has them all."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        connection = Connection(self)
        body = self._read_body()
        if isinstance(body, Response):
            self.close_connection = True
            connection.send(body)
            return
        if parts.path.startswith(PREFIX):
            connection.send(self.server.control.handle(self.command, parts.path, query, body))
            return
        page = self.server.pages.handle(self.command, parts.path, query, body)
        if page is not None:
            connection.send(page)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.sandbox.serve_call(connection, self.command, self.path, headers, body)

    def _read_body(self) -> bytes | Response:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return json_response({"error": "A Content-Length is needed."}, 411)
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()):
            return json_response({"error": "Content-Length is no number."}, 400)
        if int(length) > _LONGEST_BODY:
            return json_response({"error": "The body is longer than 1 MiB."}, 413)
        return self.rfile.read(int(length))

    # http.server finds the methods by these names.
    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815
