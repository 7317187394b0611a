"""A server on raw sockets that answers as no server should, one port for each way of doing so."""

from __future__ import annotations

import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.contract.bad_servers import ADDRESS, read_request

Act = Callable[[socket.socket], None]
# A behaviour ends by itself some time after every client has left.
PATIENCE = 4.0


@dataclass(frozen=True)
class Case:
    """What the server does, and what it must come to when the body is read and when it is not.

    An outcome is an HTTP status with `whole` or `cut`, or the name of an exception. `at_once` acts
    before the request is read, `raw` below TLS. `slow` takes the client's whole time.
    """

    act: bytes | Act
    read: str
    glance: str
    tls: bool = False
    raw: bool = False
    at_once: bool = False
    slow: bool = False


def head(status: str, *lines: str, body: bytes = b"") -> bytes:
    """A response of these lines."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1") + body


def endless(first: bytes, block: bytes) -> Act:
    """Send the same block again and again, as fast as it is taken."""

    def act(connection: socket.socket) -> None:
        connection.sendall(first)
        over = time.monotonic() + PATIENCE
        while time.monotonic() < over:
            connection.sendall(block)

    return act


def drip(first: bytes, data: bytes) -> Act:
    """Send the data byte by byte, again and again, often enough that no single read is late."""

    def act(connection: socket.socket) -> None:
        connection.sendall(first)
        over = time.monotonic() + PATIENCE
        position = 0
        while time.monotonic() < over:
            connection.sendall(data[position : position + 1])
            position = (position + 1) % len(data)
            time.sleep(0.05)

    return act


def reset_after(data: bytes) -> Act:
    """Send this much, let it arrive, then reset the connection."""

    def act(connection: socket.socket) -> None:
        connection.sendall(data)
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Of a TLS socket, close() would only take one of the references away.
        socket.socket(fileno=connection.detach()).close()

    return act


def no_response(connection: socket.socket) -> None:
    """Say nothing until the client has had enough."""
    over = time.monotonic() + PATIENCE
    while time.monotonic() < over and connection.recv(65_536):
        pass


def below_tls(data: bytes) -> Act:
    """Send this past the TLS of the connection."""

    def act(connection: socket.socket) -> None:
        plain = socket.socket(fileno=connection.detach())
        with plain:
            plain.sendall(data)
            finish(plain)

    return act


def then(*acts: bytes | Act) -> Act:
    """One after the other."""

    def act(connection: socket.socket) -> None:
        for one in acts:
            if isinstance(one, bytes):
                connection.sendall(one)
            else:
                one(connection)

    return act


def pause(connection: socket.socket) -> None:
    """Let what was sent arrive on its own."""
    time.sleep(0.1)


def finish(connection: socket.socket) -> None:
    """Say that nothing more comes and wait for the client to leave, so that nothing is reset."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_WR)
        socket.socket.settimeout(connection, PATIENCE)
        while socket.socket.recv(connection, 65_536):
            pass


@contextmanager
def hostile(cases: Mapping[str, Case], context: ssl.SSLContext) -> Iterator[dict[str, str]]:
    """Serve every case on a port of its own; yield the URL of each."""
    stop = threading.Event()
    urls = {}
    with selectors.DefaultSelector() as selector:
        for name, case in cases.items():
            listener = socket.create_server((ADDRESS, 0))
            selector.register(listener, selectors.EVENT_READ, case)
            scheme = "https" if case.tls or case.raw else "http"
            urls[name] = f"{scheme}://{ADDRESS}:{listener.getsockname()[1]}/service"
        serving = threading.Thread(target=_accept, args=(selector, context, stop))
        serving.start()
        try:
            yield urls
        finally:
            stop.set()
            serving.join()
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]


def _accept(
    selector: selectors.BaseSelector, context: ssl.SSLContext, stop: threading.Event
) -> None:
    threads = []
    while not stop.is_set():
        for key, _ in selector.select(0.05):
            connection, _ = key.fileobj.accept()  # type: ignore[union-attr]
            thread = threading.Thread(target=_serve, args=(connection, key.data, context))
            thread.start()
            threads.append(thread)
    for thread in threads:
        thread.join()


def _serve(connection: socket.socket, case: Case, context: ssl.SSLContext) -> None:
    connection.settimeout(PATIENCE)
    try:
        if case.tls:
            connection = context.wrap_socket(connection, server_side=True)
        if not (case.at_once or case.raw):
            read_request(connection)
        then(case.act)(connection)
        finish(connection)
    except OSError:
        return  # the client went away, as it should
    finally:
        connection.close()
