"""Over real sockets: what was surely not sent, what may have been, and nothing without an end."""

import gc
import socket
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from payments import http_client
from payments.http_client import MAX_REPLY_BYTES, Limits, MaybeSent, NotSent, Reply, post, tls
from tests.contract import bad_servers
from tests.contract.bad_servers import ADDRESS, Server, serving
from tests.contract.hostile import endless

BODY = b'{"IA_Init": {"Password": "ee7e"}}'
QUICK = Limits(connect=1.0, read=1.0, total=3.0)
PLAIN = tls()


def send(url: str, limits: Limits = QUICK, address: str | None = None) -> Reply:
    return post(url, BODY, {"Content-Type": "application/json"}, limits, PLAIN, address)


def not_sent(url: str, limits: Limits = QUICK, **more: Any) -> str:
    with pytest.raises(NotSent) as failed:
        send(url, limits, **more)
    return str(failed.value)


def maybe_sent(server: Server, limits: Limits = QUICK) -> str:
    with pytest.raises(MaybeSent) as failed:
        send(server.url(), limits)
    assert server.requests[-1].endswith(BODY)
    return str(failed.value)


@contextmanager
def full_backlog() -> Iterator[int]:
    """A port that takes no more connections: whoever comes waits for the handshake."""
    with socket.socket() as listener:
        listener.bind((ADDRESS, 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = []
        for _ in range(3):
            guest = socket.socket()
            guest.setblocking(False)
            guest.connect_ex((ADDRESS, port))
            waiting.append(guest)
        time.sleep(0.05)
        try:
            yield port
        finally:
            for guest in waiting:
                guest.close()


def test_one_post_arrives_whole_and_its_answer_comes_back() -> None:
    with serving(bad_servers.answer(b'{"a": 1}')) as server:
        assert send(server.url()) == Reply(200, b'{"a": 1}')
    (request,) = server.requests
    assert request.startswith(b"POST /service HTTP/1.1\r\n")
    assert request.endswith(BODY)
    assert b"connection: close" in request.lower()


def test_every_post_has_a_connection_of_its_own() -> None:
    with serving(bad_servers.answer()) as server:
        for _ in range(3):
            send(server.url())
    assert (server.connections, len(server.requests)) == (3, 3)


def test_a_refused_connection_sent_nothing() -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
    assert not_sent(f"http://{ADDRESS}:{port}/") == "refused"


def test_a_name_that_does_not_exist_sent_nothing() -> None:
    assert not_sent("http://no-such-host.invalid/") == "name"


@pytest.mark.parametrize("url", ["http://", "http://[::1", "nonsense", "http://a b/", "ftp://x/"])
def test_an_address_that_makes_no_sense_sent_nothing(url: str) -> None:
    assert not_sent(url)


def test_a_connection_that_does_not_come_up_sent_nothing() -> None:
    began = time.monotonic()
    with full_backlog() as port:
        limits = Limits(connect=0.3, read=5, total=5)
        assert not_sent(f"http://{ADDRESS}:{port}/", limits) == "timeout"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_handshake_that_never_ends_sent_nothing(scheme: str) -> None:
    """TLS with somebody who takes the connection and says nothing."""
    if scheme == "http":
        with serving(bad_servers.no_response) as server:
            limits = Limits(connect=0.3, read=0.3, total=5)
            assert maybe_sent(server, limits) == "timeout"
        return
    with socket.create_server((ADDRESS, 0)) as mute:
        limits = Limits(connect=0.3, read=5, total=5)
        assert not_sent(f"https://{ADDRESS}:{mute.getsockname()[1]}/", limits) == "timeout"


def test_tls_with_somebody_who_speaks_plain_http_sent_nothing() -> None:
    with serving(bad_servers.answer()) as server:
        assert not_sent(server.url("https")) == "tls"
    assert not any(b"ee7e" in request for request in server.requests)


def test_a_reset_after_the_request_may_have_been_sent() -> None:
    with serving(bad_servers.reset) as server:
        assert maybe_sent(server) in {"reset", "connection"}


def test_a_connection_closed_without_a_word_may_have_been_sent() -> None:
    with serving(lambda connection: None) as server:
        assert maybe_sent(server) in {"connection", "reset"}


def test_an_answer_that_is_cut_may_have_been_sent() -> None:
    with serving(bad_servers.cut) as server:
        assert maybe_sent(server) == "connection"


def test_an_answer_that_is_no_http_may_have_been_sent() -> None:
    with serving(lambda connection: connection.sendall(b"\x00\x01garbage\r\n\r\n")) as server:
        assert maybe_sent(server)


def test_an_answer_that_does_not_come_may_have_been_sent() -> None:
    with serving(bad_servers.no_response) as server:
        assert maybe_sent(server, Limits(connect=1, read=0.3, total=3)) == "timeout"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
    ],
    ids=["with a length", "without a length", "in the headers"],
)
def test_a_slow_drip_ends_with_the_total_time(head: bytes) -> None:
    began = time.monotonic()
    with serving(bad_servers.drip(head)) as server:
        assert maybe_sent(server, Limits(connect=1, read=1, total=0.5)) == "deadline"
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 T", "308 P"])
def test_a_redirect_is_not_followed(status: str) -> None:
    with serving(bad_servers.answer(b"elsewhere")) as other:
        more = f"Location: {other.url()}\r\n"
        with serving(bad_servers.answer(b"", status, more)) as server:
            assert send(server.url()).status == int(status[:3])
    assert other.connections == 0


@pytest.mark.parametrize("status", ["200 OK", "400 Bad", "404 No", "500 Oops", "503 Busy"])
def test_every_status_is_an_answer(status: str) -> None:
    with serving(bad_servers.answer(b"x", status)) as server:
        assert send(server.url()) == Reply(int(status[:3]), b"x")


@pytest.mark.parametrize(
    ("size", "whole"),
    [(MAX_REPLY_BYTES, True), (MAX_REPLY_BYTES + 1, False), (8 * MAX_REPLY_BYTES, False)],
)
def test_of_a_big_answer_only_so_much_is_read(size: int, whole: bool) -> None:
    with serving(bad_servers.answer(b"x" * size)) as server:
        reply = send(server.url())
    assert (len(reply.body), reply.whole) == (min(size, MAX_REPLY_BYTES), whole)


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "404 No", "500 Oops"])
def test_of_a_body_without_end_no_more_is_taken_from_the_socket(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    taken = 0
    original = http_client._Bounded.readinto

    def counted(self: http_client._Bounded, buffer: Any) -> int:
        nonlocal taken
        count = original(self, buffer)
        taken += count
        return count

    monkeypatch.setattr(http_client._Bounded, "readinto", counted)
    body = endless(f"HTTP/1.1 {status}\r\nLocation: /\r\n\r\n".encode(), b"x" * 65_536)
    with serving(body) as server:
        send(server.url())
    one_buffer = 16 * 1024
    assert taken <= MAX_REPLY_BYTES + one_buffer


def test_no_compressed_body_is_asked_for() -> None:
    with serving(bad_servers.answer()) as server:
        send(server.url())
    assert b"accept-encoding: identity\r\n" in server.requests[0].lower()


@pytest.mark.parametrize("head", ["HTTP/1.1 200 OK", "HTTP/1.1 302", "no HTTP"])
def test_a_hundred_posts_leave_nothing_for_the_garbage_collection(head: str) -> None:
    """What waits for it is what was read, up to the limit each time."""

    def things() -> Counter[str]:
        kinds = (type(one).__name__ for one in gc.get_objects())
        return Counter(kind for kind in kinds if kind in {"type", "frame", "traceback"})

    def try_once(url: str) -> None:
        with suppress(MaybeSent):
            send(url)

    reply = f"{head}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(lambda connection: connection.sendall(reply)) as server:
        try_once(server.url())
        gc.collect()
        gc.disable()
        try:
            before = things()
            for _ in range(100):
                try_once(server.url())
            left = things() - before
        finally:
            gc.enable()
    assert left.total() < 20


def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server((ADDRESS, 0)) as taken:
        port = taken.getsockname()[1]
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{ADDRESS}:{port}")
    monkeypatch.setenv("no_proxy", "")
    with serving(bad_servers.answer()) as server:
        assert send(server.url()).status == 200


def test_an_address_that_was_checked_beforehand_is_the_one_connected_to() -> None:
    with serving(bad_servers.answer()) as server:
        reply = send(server.url(host="shop.invalid"), address=ADDRESS)
    assert reply.status == 200
    assert f"host: shop.invalid:{server.port}".encode() in server.requests[0].lower()


def test_certificates_are_always_checked() -> None:
    assert PLAIN.context.verify_mode is ssl.CERT_REQUIRED
    assert PLAIN.context.check_hostname
    assert PLAIN.context.verify_flags & ssl.VERIFY_X509_STRICT
