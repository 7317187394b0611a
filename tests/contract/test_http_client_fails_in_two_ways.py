"""Whatever fails is `NotSent` before the connection stands and `MaybeSent` after it, in time."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from payments import http_client
from payments.http_client import Limits, MaybeSent, NotSent, Reply, post, tls
from tests.contract import bad_servers
from tests.contract.bad_servers import ADDRESS, Authority, serving
from tests.contract.hostile import PATIENCE, Case, hostile
from tests.contract.test_http_client import full_backlog

PUBLIC = tls()
LIMITS = Limits(connect=0.6, read=0.6, total=0.6)
OVER = 0.5
# Of a library below, of the language, of the machine.
FOREIGN = [
    ValueError("Invalid IPv6 URL"),
    UnicodeDecodeError("utf-8", b"\xf0", 0, 1, "invalid"),
    LookupError("unknown encoding"),
    RuntimeError("buffer is empty"),
    RecursionError(),
    MemoryError(),
    AssertionError(),
    ssl.SSLError(),
    OverflowError(),
]


def send(url: str, body: bytes = b"{}", trust: http_client.Tls | None = None) -> Reply:
    return post(url, body, {}, LIMITS, trust or PUBLIC)


@contextmanager
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began <= LIMITS.total + OVER


def raising(error: BaseException) -> Callable[..., Any]:
    def act(*_args: Any, **_named: Any) -> Any:
        raise error

    return act


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new()


def failing(owner: Any, place: str, *errors: Exception) -> list[Any]:
    return [
        pytest.param(owner, place, error, id=f"{place} {type(error).__name__}") for error in errors
    ]


@pytest.mark.parametrize(
    ("owner", "place", "error"),
    [
        *failing(http_client._Plain, "connect", FOREIGN[0]),
        *failing(http_client._Plain, "_addresses", FOREIGN[0]),
        *failing(http_client._Plain, "_new_conn", *FOREIGN),
    ],
)
def test_whatever_fails_before_the_connection_stands_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, owner: Any, place: str, error: Exception
) -> None:
    monkeypatch.setattr(owner, place, raising(error))
    with serving(bad_servers.answer()) as server, pytest.raises(NotSent):
        send(server.url())
    assert b"".join(server.requests) == b""


@pytest.mark.parametrize(
    ("owner", "place", "error"),
    [
        *failing(http_client._Plain, "getresponse", *FOREIGN),
        *failing(http_client, "_read_head", FOREIGN[0]),
        *failing(http_client._Bounded, "readinto", FOREIGN[0]),
        *failing(http_client._Adapter, "build_response", FOREIGN[0]),
        *failing(http_client._Response, "read", FOREIGN[0]),
    ],
)
def test_whatever_fails_after_the_connection_stood_may_have_been_sent(
    monkeypatch: pytest.MonkeyPatch, owner: Any, place: str, error: Exception
) -> None:
    monkeypatch.setattr(owner, place, raising(error))
    with serving(bad_servers.answer()) as server, pytest.raises(MaybeSent):
        send(server.url())
    assert server.requests[0].endswith(b"{}")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_who_stops_the_process_is_not_held_up(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    monkeypatch.setattr(http_client, "_read_head", raising(error))
    with serving(bad_servers.answer()) as server, pytest.raises(type(error)):
        send(server.url())


def test_without_a_thread_for_the_deadline_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(bad_servers.answer()) as server:
        monkeypatch.setattr(threading.Thread, "start", raising(RuntimeError("no thread left")))
        with pytest.raises(NotSent):
            send(server.url())
        with pytest.raises(NotSent):
            http_client.resolve("shop.test", 443, 1)
    assert server.connections == 0


def test_a_resolver_that_hangs_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_args: Any, **_named: Any) -> list[Any]:
        released.wait(PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with in_time(), pytest.raises(NotSent):
        send("http://shop.test/")
    released.set()


def test_many_addresses_that_do_not_answer_share_the_time_for_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_client, "resolve", lambda *_: [ADDRESS] * 5)
    with full_backlog() as port, in_time(), pytest.raises(NotSent):
        send(f"http://shop.test:{port}/")


def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "resolve", lambda *_: ["127.0.0.2", ADDRESS])
    with serving(bad_servers.answer()) as server:
        assert send(server.url(host="shop.test")).status == 200
    assert server.connections == 1


@pytest.mark.parametrize("is_tls", [False, True])
def test_a_request_that_nobody_reads_may_have_been_sent(
    authority: Authority, tmp_path: Path, is_tls: bool
) -> None:
    released = threading.Event()

    def deaf(_connection: socket.socket) -> None:
        released.wait(PATIENCE)

    case = Case(deaf, "", "", tls=is_tls, at_once=True)
    with hostile({"deaf": case}, authority.server(tmp_path, ADDRESS)) as urls:
        with in_time(), pytest.raises(MaybeSent):
            send(urls["deaf"], b"x" * 32 * 1024 * 1024, tls(authority.pem))
        released.set()


def test_session_tickets_without_end_do_not_hold_up_the_deadline(
    authority: Authority, tmp_path: Path
) -> None:
    """They come after the handshake, and OpenSSL reads them all without coming back to Python."""
    context = authority.server(tmp_path, ADDRESS)
    context.num_tickets = 10_000_000
    trust = tls(authority.pem)
    with serving(bad_servers.answer(), context) as server, in_time(), pytest.raises(MaybeSent):
        send(server.url("https"), trust=trust)


def test_a_deadline_of_nothing_sends_nothing() -> None:
    with serving(bad_servers.answer()) as server, pytest.raises(NotSent):
        post(server.url(), b"{}", {}, Limits(connect=0, read=1, total=0), PUBLIC)
    assert b"".join(server.requests) == b""


def test_an_error_that_the_caller_handles_is_none_of_the_clients() -> None:
    def outer() -> None:
        kept = "a local of the caller's failed call"
        raise ConnectionRefusedError(kept)

    trace: TracebackType | None = None
    with serving(lambda connection: connection.sendall(b"no HTTP\r\n\r\n")) as server:
        try:
            outer()
        except ConnectionRefusedError as error:
            with pytest.raises(MaybeSent, match=r"^connection$"):
                send(server.url())
            trace = error.__traceback__
        assert trace is not None
        inner = trace.tb_next
        assert inner is not None
        assert "kept" in inner.tb_frame.f_locals
