"""A real receiver on 127.0.0.1: what its answers, its silence and its redirects come to."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook

from payments import http_client
from payments.domain.clock import HOUR, MINUTE, now_ms
from payments.domain.events import event_id
from payments.use_cases.deliver_webhook import DeliverDeps, Outcome, deliver_message
from payments.webhooks import sender
from payments.webhooks.rules import TRIES
from tests.contract import bad_servers, hostile
from tests.fakes.delivery import SECRETS, Outlet
from tests.fakes.payments import PAYMENT_ID
from tests.http_server import Request, Response, serving

ID = event_id(PAYMENT_ID, 1)
PAYLOAD = json.dumps({"eventId": ID, "type": "payment.paid", "note": "Ысык-Көл"})


class Receiver:
    """A shop's server; `behave` answers after the request was read."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.behave: Callable[[], Response] = answers(200)
        self.released = threading.Event()
        self._running = ExitStack()
        self.port = int(self._running.enter_context(serving(self._answer)).rpartition(":")[2])

    def _answer(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((request.full_path, headers, request.data))
        return self.behave()

    def stop(self) -> None:
        self.released.set()
        self._running.close()


def answers(status: int, **headers: str) -> Callable[[], Response]:
    return lambda: Response(status=status, headers=headers)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A try that waits for parts of a second instead of 15."""
    limits = http_client.Limits(connect=0.3, read=0.3, total=0.4)
    monkeypatch.setattr(sender, "LIMITS", limits)


def real(outlet: Outlet, receiver: Receiver, host: str = "127.0.0.1") -> DeliverDeps:
    """The delivery of the stack in sandbox mode, with its real HTTP client and resolver."""
    return replace(
        outlet.delivering(),
        post=sender.post,
        resolve=sender.resolve,
        url=f"http://{host}:{receiver.port}/hook?shop=1",
        sandbox=True,
        clock=now_ms,
    )


def test_the_shop_gets_the_very_bytes_and_can_verify_them(
    outlet: Outlet, receiver: Receiver
) -> None:
    assert deliver_message(PAYLOAD, real(outlet, receiver)).outcome is Outcome.DELIVERED
    ((path, headers, body),) = receiver.requests
    assert (path, body) == ("/hook?shop=1", PAYLOAD.encode())
    assert headers["webhook-id"] == ID
    assert headers["content-type"] == "application/json"
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    for secret in SECRETS:
        assert Webhook(secret).verify(body, headers)["eventId"] == ID


def test_the_name_is_resolved_once_and_its_address_is_used(
    outlet: Outlet, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    queried: list[str] = []
    original = socket.getaddrinfo

    def first_time_honest(host: str, *rest: Any, **more: Any) -> Any:
        if host == "shop.test":
            queried.append(host)
            # A name that means something else the second time it is asked for.
            return original("127.0.0.1" if len(queried) == 1 else "127.0.0.2", *rest, **more)
        return original(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", first_time_honest)
    deps = real(outlet, receiver, "shop.test")
    assert deliver_message(PAYLOAD, deps).outcome is Outcome.DELIVERED
    assert queried == ["shop.test"]
    assert receiver.requests[0][1]["host"] == f"shop.test:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failed_try_and_is_not_followed(
    outlet: Outlet, receiver: Receiver, status: int
) -> None:
    receiver.behave = answers(status, Location=f"http://127.0.0.1:{receiver.port}/elsewhere")
    tried = deliver_message(PAYLOAD, real(outlet, receiver))
    assert (tried.outcome, tried.why) == (Outcome.FAILED, f"http-{status}")
    assert len(receiver.requests) == 1
    assert len(outlet.deliveries.unfinished()) == 1


def test_410_ends_the_event(outlet: Outlet, receiver: Receiver) -> None:
    receiver.behave = answers(410)
    assert deliver_message(PAYLOAD, real(outlet, receiver)).outcome is Outcome.GONE
    assert outlet.deliveries.unfinished() == []


def test_500_is_tried_again(outlet: Outlet, receiver: Receiver) -> None:
    receiver.behave = answers(500)
    assert deliver_message(PAYLOAD, real(outlet, receiver)).why == "http-500"
    assert outlet.queue.texts() == [json.dumps({"webhook": ID}, separators=(",", ":"))]


@pytest.mark.usefixtures("impatient")
def test_a_shop_that_hangs_is_left_when_the_time_is_over(
    outlet: Outlet, receiver: Receiver
) -> None:
    def hang() -> Response:
        receiver.released.wait(20)
        return Response()

    receiver.behave = hang
    began = time.monotonic()
    tried = deliver_message(PAYLOAD, real(outlet, receiver))
    assert tried.outcome is Outcome.FAILED
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("impatient")
def test_a_2xx_whose_body_never_ends_is_delivered(outlet: Outlet, receiver: Receiver) -> None:
    def never() -> Iterator[bytes]:
        yield b""  # the head goes out
        receiver.released.wait(20)

    def endless() -> Response:
        return Response(never(), headers={"Content-Length": "1000000"})

    receiver.behave = endless
    assert deliver_message(PAYLOAD, real(outlet, receiver)).outcome is Outcome.DELIVERED


def tried_for_two_days(
    outlet: Outlet, server: bad_servers.Server, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Outcome, str]]:
    """What became of each try, with the real HTTP client under the clock of the test."""
    monkeypatch.setattr(outlet.shop, "post", sender.post)
    outlet.url, outlet.sandbox, outlet.addresses = server.url(), True, [bad_servers.ADDRESS]
    outlet.deliver(PAYLOAD)
    outlet.run(48 * HOUR)
    return [(tried.outcome, tried.why) for tried in outlet.tried]


@pytest.mark.parametrize("location", ["/работы", "https://[x", "https://a\u2100b/"])
def test_f28_a_shop_whose_redirect_makes_no_sense_is_tried_again_for_28_hours(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    coding = "cp1251" if location.startswith("/") else "utf-8"
    reply = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n"
    began = outlet.clock()
    with bad_servers.serving(lambda connection: connection.sendall(reply.encode(coding))) as server:
        tried = tried_for_two_days(outlet, server, monkeypatch)
    assert tried == [(Outcome.FAILED, "http-302")] * (TRIES - 1) + [
        (Outcome.DEAD_LETTERED, "http-302")
    ]
    ((given_up_at, payload),) = outlet.dead_letters.waiting
    assert given_up_at - began == pytest.approx(27.6 * HOUR, abs=10 * MINUTE)
    assert payload == PAYLOAD


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("ends", ["at the deadline", "by closing", "by a reset"])
def test_f38_half_a_head_is_no_delivery_and_is_tried_again(
    outlet: Outlet, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    half = b"HTTP/1.1 200 OK\r\nX: y\r\n"
    ways = {
        "at the deadline": bad_servers.drip(half + b"X-Slow: "),
        "by closing": lambda connection: connection.sendall(half),
        "by a reset": hostile.reset_after(half),
    }
    with bad_servers.serving(ways[ends]) as server:
        tried = tried_for_two_days(outlet, server, monkeypatch)
        assert len(server.requests) == TRIES
    assert {outcome for outcome, _ in tried} == {Outcome.FAILED, Outcome.DEAD_LETTERED}


def test_a_shop_that_is_down_is_refused_and_a_name_that_is_none_is_said(
    outlet: Outlet, receiver: Receiver
) -> None:
    deps = real(outlet, receiver)
    receiver.stop()
    assert deliver_message(PAYLOAD, deps).why == "refused"
    nowhere = replace(deps, url="http://nothing.invalid:1/")
    other = json.dumps({"eventId": event_id(PAYMENT_ID, 2)})
    assert deliver_message(other, nowhere).why == "name"


def test_outside_the_sandbox_a_loopback_receiver_is_never_reached(
    outlet: Outlet, receiver: Receiver
) -> None:
    deps = replace(real(outlet, receiver), sandbox=False, url=f"https://localhost:{receiver.port}/")
    assert deliver_message(PAYLOAD, deps).why == "address"
    assert receiver.requests == []


def test_a_resolver_that_is_silent_costs_seconds_not_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_response = threading.Event()

    def query(*_args: Any, **_more: Any) -> list[Any]:
        no_response.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", query)
    began = time.monotonic()
    with pytest.raises(http_client.NotSent):
        http_client.resolve("shop.test", 443, 0.2)
    no_response.set()
    assert time.monotonic() - began < 5
