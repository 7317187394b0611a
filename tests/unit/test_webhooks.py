"""Webhooks: where they may go, how they are signed, when they are tried, and how often."""

import json
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from payments.domain.clock import HOUR, MINUTE, SECOND, now_ms
from payments.domain.errors import QueueUnavailable
from payments.domain.events import event_id, last_payment_event
from payments.domain.payment import Status
from payments.use_cases.deliver_webhook import Outcome
from payments.webhooks.rules import (
    LADDER,
    CannotSign,
    NotAllowed,
    choose_address,
    read_target,
    webhook_headers,
)
from tests.fakes.delivery import PUBLIC, SECRETS, Outlet, hanging, refused
from tests.fakes.payments import PAYMENT_ID, a_payment
from tests.fakes.world import NOW

ID = event_id(PAYMENT_ID, 1)
PAYLOAD = json.dumps({"eventId": ID, "sequence": 1, "type": "payment.paid", "note": "кыргызча"})


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


def steps(outlet: Outlet) -> list[int]:
    """From one try to the next, in milliseconds."""
    times = pairwise(call.at for call in outlet.shop.calls)
    return [after - before for before, after in times]


PRIVATE = [
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.9.9.9",
    "0.0.0.0", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.255",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:a00:1::", "2001:0:7f00:1::1",
    "2001:db8::1", "100::1", "3fff::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_webhook_goes_to_an_address_that_is_not_public(address: str) -> None:
    with pytest.raises(NotAllowed):
        choose_address([address], sandbox=False)
    with pytest.raises(NotAllowed):
        choose_address([PUBLIC, address], sandbox=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_used(address: str) -> None:
    assert choose_address([address], sandbox=False) == address.removeprefix("::ffff:")
    with pytest.raises(NotAllowed):
        choose_address([address], sandbox=True)


def test_the_sandbox_reaches_loopback_only_and_ipv4_comes_first() -> None:
    assert choose_address(["::1", "127.0.0.1"], sandbox=True) == "127.0.0.1"
    assert choose_address(["2606:4700::1111", "1.1.1.1"], sandbox=False) == "1.1.1.1"
    with pytest.raises(NotAllowed):
        choose_address([], sandbox=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook",
        "ftp://shop.example/",
        "//shop.example/hook",
        "https://",
        "https://user:word@shop.example/",
        "https://user@shop.example/",
        "https://shop.example:99999/",
        "https://[::1/",
        "",
    ],
)
def test_only_https_without_user_name_is_a_target(url: str) -> None:
    with pytest.raises(NotAllowed):
        read_target(url, sandbox=False)


def test_http_is_a_target_in_the_sandbox_alone() -> None:
    target = read_target("http://127.0.0.1:8141/hook", sandbox=True)
    assert (target.host, target.port) == ("127.0.0.1", 8141)
    assert read_target("https://shop.example/hook?a=1", sandbox=False).port == 443


def test_each_secret_verifies_with_the_official_library_and_a_stranger_does_not() -> None:
    # The library compares with the real clock.
    headers = webhook_headers(ID, PAYLOAD, now_ms(), SECRETS)
    assert len(headers["webhook-signature"].split()) == 2
    for secret in SECRETS:
        assert Webhook(secret).verify(PAYLOAD, headers)["eventId"] == ID
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(PAYLOAD + " ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "c" * 40).verify(PAYLOAD, headers)


@pytest.mark.parametrize(
    "secrets",
    [
        (), ("whsec_",), ("whsec_a",), (*SECRETS, "whsec_!"), ("whsec_é",), ("whsec_\ud800",),
        (f"{SECRETS[0]}\n",), (f"whsec_é{SECRETS[0][6:]}",), ("",), ("whsec_MDEy MzQ1",),
    ],
)  # fmt: skip
def test_nothing_is_sent_unsigned(outlet: Outlet, secrets: tuple[str, ...]) -> None:
    with pytest.raises(CannotSign):
        webhook_headers(ID, PAYLOAD, NOW, secrets)
    outlet.secrets = secrets
    assert outlet.deliver(PAYLOAD).why == "no-secret"
    assert outlet.shop.calls == []
    outlet.secrets = SECRETS
    outlet.run(5 * SECOND)
    assert outlet.shop.taken[ID] == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_delivered_at_once_and_nothing_is_kept(outlet: Outlet, status: int) -> None:
    outlet.shop.then = status
    assert outlet.deliver(PAYLOAD).outcome is Outcome.DELIVERED
    assert (outlet.deliveries.items, outlet.queue.waiting) == ({}, [])
    assert outlet.shop.calls[0].payload == PAYLOAD
    assert outlet.shop.calls[0].address == PUBLIC


@pytest.mark.parametrize("answer", [500, 503, 400, 404, 429, 301, 302, 307, 308, 199, 304])
def test_any_other_answer_climbs_the_whole_ladder_and_ends_aside(
    outlet: Outlet, answer: int
) -> None:
    outlet.shop.then = answer
    outlet.deliver(PAYLOAD)
    outlet.run(48 * HOUR)
    assert len(outlet.shop.calls) == 8
    for took, ladder in zip(steps(outlet), LADDER, strict=True):
        assert ladder <= took <= ladder + MINUTE
    assert outlet.dead_letters.texts() == [PAYLOAD]
    assert outlet.deliveries.unfinished() == []
    assert outlet.tried[-1].outcome is Outcome.DEAD_LETTERED


def test_every_try_sends_the_same_bytes_and_id_with_its_own_time_and_signatures(
    outlet: Outlet,
) -> None:
    outlet.shop.then = 500
    outlet.deliver(PAYLOAD)
    outlet.run(48 * HOUR)
    assert {call.payload for call in outlet.shop.calls} == {PAYLOAD}
    assert {call.event_id for call in outlet.shop.calls} == {ID}
    for call in outlet.shop.calls:
        assert call.headers["webhook-timestamp"] == str(call.at // SECOND)
        again = webhook_headers(ID, PAYLOAD, call.at, SECRETS)
        assert call.headers["webhook-signature"] == again["webhook-signature"]
    assert len({call.headers["webhook-signature"] for call in outlet.shop.calls}) == 8


@pytest.mark.parametrize("failures", range(1, 8))
def test_a_shop_that_recovers_is_told_once_and_then_left_alone(
    outlet: Outlet, failures: int
) -> None:
    outlet.shop.answers = [500] * failures
    outlet.deliver(PAYLOAD)
    outlet.run(48 * HOUR)
    assert len(outlet.shop.calls) == failures + 1
    assert outlet.shop.taken[ID] == 1
    assert outlet.dead_letters.texts() == []
    assert outlet.deliveries.unfinished() == []


def test_a_shop_down_for_an_hour_is_told_everything_exactly_once(outlet: Outlet) -> None:
    outlet.shop.then = refused()
    events = [event_id(PAYMENT_ID, number) for number in range(1, 31)]
    for one in events:
        outlet.deliver(json.dumps({"eventId": one}))
        outlet.run(2 * MINUTE)
    assert not outlet.shop.taken
    outlet.shop.then = 200
    outlet.run(3 * HOUR)
    assert outlet.shop.taken == dict.fromkeys(events, 1)
    assert outlet.dead_letters.texts() == []
    assert outlet.deliveries.unfinished() == []


def test_a_shop_that_hangs_is_tried_by_the_same_ladder(outlet: Outlet) -> None:
    outlet.shop.then = hanging()
    outlet.shop.seconds = 15
    assert outlet.deliver(PAYLOAD).why == "deadline"
    outlet.run(48 * HOUR)
    assert len(outlet.shop.calls) == 8
    assert outlet.dead_letters.texts() == [PAYLOAD]


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_410_ends_this_event_and_no_other(outlet: Outlet, failures: int) -> None:
    outlet.shop.answers = [*[500] * failures, 410]
    outlet.deliver(PAYLOAD)
    outlet.run(48 * HOUR)
    assert len(outlet.shop.calls) == failures + 1
    assert outlet.tried[-1].outcome is Outcome.GONE
    assert outlet.dead_letters.texts() == []
    assert outlet.deliver(PAYLOAD).outcome is Outcome.SKIPPED
    other = event_id(PAYMENT_ID, 2)
    outlet.deliver(json.dumps({"eventId": other}))
    assert outlet.shop.taken == {other: 1}


def test_messages_that_come_twice_do_not_double_the_ladder(outlet: Outlet) -> None:
    outlet.shop.then = 500
    for _ in range(3):
        outlet.deliver(PAYLOAD)
    while len(outlet.shop.calls) < 8:
        outlet.clock.now = (outlet.deliveries.unfinished()[0].due_at or 0) + SECOND
        outlet.queue.take()
        for _ in range(3):
            outlet.deliver(json.dumps({"webhook": ID}))
            outlet.deliver(PAYLOAD)
    outlet.deliver(json.dumps({"webhook": ID}))
    assert len(outlet.shop.calls) == 8
    assert outlet.dead_letters.texts() == [PAYLOAD]


def test_two_workers_that_meet_send_one_try(outlet: Outlet) -> None:
    outlet.shop.answers = [500]
    outlet.deliver(PAYLOAD)
    outlet.clock.advance(5 * SECOND)
    known = outlet.deliveries.items[ID]
    original = outlet.deliveries.save

    def rival_first(before: Any, after: Any) -> Any:
        outlet.deliveries.save = original  # type: ignore[method-assign]
        outlet.deliver(json.dumps({"webhook": ID}))
        return original(before, after)

    outlet.deliveries.save = rival_first  # type: ignore[method-assign]
    assert outlet.deliver(json.dumps({"webhook": ID})).outcome is Outcome.SKIPPED
    assert known.tries == 1
    assert len(outlet.shop.calls) == 2


def test_a_worker_that_dies_in_the_middle_of_a_try_costs_only_that_try(outlet: Outlet) -> None:
    outlet.shop.answers = [500, RuntimeError("killed")]
    outlet.deliver(PAYLOAD)
    outlet.clock.advance(5 * SECOND)
    (note,) = outlet.queue.take()
    with pytest.raises(RuntimeError):
        outlet.deliver(note)
    assert outlet.deliver(note).outcome is Outcome.SKIPPED
    outlet.run(10 * MINUTE)
    assert len(outlet.shop.calls) == 3
    assert outlet.shop.taken[ID] == 1


def test_a_worker_that_dies_in_the_last_try_leaves_the_event_in_the_dead_letter_queue(
    outlet: Outlet,
) -> None:
    outlet.shop.answers = [500] * 7
    outlet.deliver(PAYLOAD)
    outlet.run(18 * HOUR)
    outlet.shop.then = RuntimeError("killed")
    with pytest.raises(RuntimeError):
        outlet.run(12 * HOUR)
    outlet.run(HOUR)
    assert len(outlet.shop.calls) == 8
    assert outlet.dead_letters.texts() == [PAYLOAD]


def test_where_the_queue_is_down_the_schedule_makes_the_second_try(outlet: Outlet) -> None:
    outlet.shop.answers = [500]
    outlet.queue.down = True
    outlet.deliver(PAYLOAD)
    outlet.queue.down = False
    outlet.run(2 * MINUTE)
    assert outlet.shop.taken[ID] == 1


def test_what_cannot_be_put_aside_is_not_forgotten(outlet: Outlet) -> None:
    outlet.shop.then = 500
    outlet.dead_letters.down = True
    outlet.deliver(PAYLOAD)
    with pytest.raises(QueueUnavailable):
        outlet.run(48 * HOUR)
    outlet.dead_letters.down = False
    outlet.run(HOUR)
    assert outlet.dead_letters.texts() == [PAYLOAD]


def test_a_private_address_is_never_connected_to_whatever_the_name_says(outlet: Outlet) -> None:
    outlet.addresses = ["169.254.169.254"]
    assert outlet.deliver(PAYLOAD).why == "address"
    outlet.run(48 * HOUR)
    assert outlet.shop.calls == []
    assert outlet.dead_letters.texts() == [PAYLOAD]


def test_the_sandbox_is_not_let_out_and_the_stack_not_in(outlet: Outlet) -> None:
    outlet.sandbox = True
    assert outlet.deliver(PAYLOAD).why == "address"
    outlet.url, outlet.addresses, outlet.sandbox = "http://localhost/", ["127.0.0.1"], False
    assert outlet.deliver(json.dumps({"eventId": "X"})).why == "scheme"
    assert outlet.shop.calls == []


def test_a_shop_that_wants_no_webhooks_gets_none_and_waiting_ones_end(outlet: Outlet) -> None:
    outlet.shop.answers = [500]
    outlet.deliver(PAYLOAD)
    outlet.url = ""
    assert outlet.deliver(json.dumps({"eventId": "X"})).outcome is Outcome.SKIPPED
    outlet.run(HOUR)
    assert len(outlet.shop.calls) == 1
    assert outlet.deliveries.unfinished() == []


def test_sent_again_by_the_shops_wish_it_starts_from_the_beginning(outlet: Outlet) -> None:
    outlet.shop.answers = [410]
    outlet.deliver(PAYLOAD)
    outlet.deliveries.want_again(ID)
    outlet.shop.answers = [500]
    outlet.deliver(PAYLOAD)
    outlet.run(MINUTE)
    assert len(outlet.shop.calls) == 3
    assert outlet.shop.taken[ID] == 1


def test_what_the_bus_put_aside_with_its_envelope_is_delivered_as_it_would_have_been(
    outlet: Outlet,
) -> None:
    event = last_payment_event(a_payment(Status.PAID))
    assert event is not None
    envelope = f'{{"version":"0","detail-type":"payment.paid","detail":{PAYLOAD}}}'
    outlet.deliver(envelope)
    assert outlet.shop.calls[0].payload == PAYLOAD


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"detail":{}}', '{"detail":7}', "none"])
def test_a_message_that_is_none_of_ours_is_an_error(outlet: Outlet, text: str) -> None:
    with pytest.raises(msgspec.MsgspecError):
        outlet.deliver(text)
