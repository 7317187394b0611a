"""One client's connection, with the ways to answer it badly that only a raw socket has."""

import json
import select
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Final, NoReturn

JSON_TYPE: Final = "application/json; charset=utf-8"
_LINGER_RESET: Final = struct.pack("ii", 1, 0)
_LOOK_AGAIN_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Response:
    """One HTTP answer; `Content-Length` is added when it is sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


def json_response(document: object, status: int = 200) -> Response:
    """An answer of the control API."""
    return Response(status, json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")


class Connection:
    """The connection of one request handler."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        self._handler = handler
        self._connection: socket.socket = handler.connection

    def send(self, response: Response) -> None:
        """Send the whole answer."""
        body = b"" if self._handler.command == "HEAD" else response.body
        self._connection.sendall(self._head(response) + body)

    def cut(self, response: Response) -> None:
        """Promise the whole answer, send half of its body, and close."""
        self._handler.close_connection = True
        half = response.body[: len(response.body) // 2]
        self._connection.sendall(self._head(response) + half)

    def reset(self) -> NoReturn:
        """Break the connection with a TCP RST; raises to end its handler, as nothing is left."""
        self._handler.close_connection = True
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_RESET)
        # The socket is really closed only when its two files are: nothing may flush a FIN first.
        self._handler.rfile.close()
        self._handler.wfile.close()
        self._connection.close()
        raise ConnectionAbortedError("reset as ordered")

    def drop(self) -> None:
        """Close without an answer, once the request has been handled."""
        self._handler.close_connection = True

    def client_left(self, seconds: float, released: Callable[[], bool]) -> bool:
        """Wait `seconds`, silently; True as soon as the client leaves, False otherwise."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not released():
            readable, _, _ = select.select(
                [self._connection], [], [], min(left, _LOOK_AGAIN_SECONDS)
            )
            if readable and not self._more_bytes():
                return True
        return False

    def _more_bytes(self) -> bool:
        # The connection is not used again after a wait, so bytes sent meanwhile may be lost.
        self._handler.close_connection = True
        try:
            return bool(self._connection.recv(65536))
        except OSError:
            return False

    def _head(self, response: Response) -> bytes:
        status = HTTPStatus(response.status)
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            "Cache-Control: no-store",
        ]
        if status is not HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(response.body)}")
        if response.body:
            lines.append(f"Content-Type: {response.content_type}")
        if self._handler.close_connection:
            lines.append("Connection: close")
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")
