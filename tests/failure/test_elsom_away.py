"""Elsom away, in every way it can be: nothing expires, nothing is lost, all is made up for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from payments.domain.clock import now_ms
from payments.domain.errors import NotConfigured
from payments.elsom import client
from tests.contract.bad_servers import Authority
from tests.failure.conftest import NewStack
from tests.failure.stack import Stack
from tests.sandbox.driver import SandboxProcess

pytestmark = pytest.mark.needs("java", "npm")

STATUS = "PartnerGetPaymentStatus"
WAYS = ("refuse", "hang", "reset", "cut", "500", "503", "302", "400", "garbage", "empty")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "STATUS_READ_SECONDS", 0.2)


@contextmanager
def away(stack: Stack, way: str) -> Iterator[None]:
    """Elsom gives no answer to any status question."""
    stack.fault(STATUS, way, times=1 if way == "refuse" else -1, seconds=300)
    try:
        yield
    finally:
        stack.sandbox.control("DELETE", "faults")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_expires_and_nothing_is_lost_while_elsom_is_away(stack: Stack, way: str) -> None:
    trns = [stack.started(f"order-{number}", orderId=f"A-{number}") for number in range(6)]
    for trn in trns:
        stack.elsom_says(trn, "A")
        assert stack.notify(trn).status == 200
    with away(stack, way):
        stack.work()
        queries = stack.recorder.effects.count(f"elsom:{STATUS}")
        assert queries == 5, "then the circuit opens"
        stack.wait(6 * 3600)
        stack.live(60)
        assert stack.recorder.effects.count(f"elsom:{STATUS}") <= queries + 2
        assert {one.status for one in stack.payments()} == {"pending"}
        assert all(one.next_check_at is not None for one in stack.payments())
    stack.live(600)
    assert [(one.status, one.late) for one in stack.payments()] == [("paid", False)] * 6
    assert all(stack.reported(trn) == ["payment.pending", "payment.paid"] for trn in trns)
    assert stack.cases() == []


def test_after_an_outage_the_longest_waiting_are_asked_about_first(stack: Stack) -> None:
    trns = []
    for number in range(6):
        trns.append(stack.started(f"order-{number}", orderId=f"A-{number}"))
        stack.wait(7)
    with away(stack, "500"):
        stack.wait(60)
        stack.tick()
        stack.work()
        stack.wait(3600)
    waiting = sorted(stack.payments(), key=lambda one: one.next_check_at or 0)

    before = len(stack.queried_ids())
    stack.tick()
    stack.work()
    stack.live(120)
    assert stack.queried_ids()[before:][: len(trns)] == [one.id for one in waiting]
    assert now_ms() - waiting[0].created_at > 3600


def test_starts_are_tried_while_questions_are_not(stack: Stack) -> None:
    for number in range(6):
        stack.started(f"order-{number}", orderId=f"A-{number}")
    with away(stack, "500"):
        stack.wait(61)
        stack.tick()
        stack.work()
        assert stack.start("another", orderId="A-9").status == 201


def test_a_certificate_that_does_not_check_sends_nothing_and_loses_nothing(
    new_stack: NewStack, tmp_path: Path
) -> None:
    Authority.new().server(tmp_path, "127.0.0.1")
    pem = str(tmp_path / "server.pem")
    secure = SandboxProcess.start("--tls-cert", pem, "--control-port", "0")
    try:
        with new_stack() as stack:
            trn = stack.started()
            stack.elsom_says(trn, "A")
        urls = {"ELSOM_INIT_URL": f"{secure.url}/init", "ELSOM_STATUS_URL": f"{secure.url}/status"}
        with new_stack(**urls) as stack:
            answer = stack.start()
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            assert stack.payment().status == "created"
            assert secure.control("GET", "calls")["items"] == [], "no password on this line"
            stack.live(1800)
            assert stack.payment().status == "created"
            again = stack.start()
            assert again.status == 503
            stack.live(3600)
            payment = stack.payment()
            assert (payment.status, payment.status_reason) == ("failed", "elsom-unreachable")
    finally:
        secure.stop()


def test_a_payment_under_way_survives_a_certificate_that_expires(
    new_stack: NewStack, elsom_process: SandboxProcess, tmp_path: Path
) -> None:
    Authority.new().server(tmp_path, "127.0.0.1", expired=True)
    pem = str(tmp_path / "server.pem")
    secure = SandboxProcess.start("--tls-cert", pem, "--control-port", "0")
    try:
        with new_stack(ELSOM_STATUS_URL=f"{secure.url}/status") as stack:
            trn = stack.started()
            stack.elsom_says(trn, "A")
            for _ in range(12):
                stack.wait(11 * 3600)
                stack.live(120)
            payment = stack.payment(trn)
            assert payment.status == "pending"
            assert payment.queries >= 12
            assert secure.control("GET", "calls")["items"] == []
            assert elsom_process.calls(trn, STATUS) == []
    finally:
        secure.stop()


def test_without_the_ca_bundle_nothing_is_created(new_stack: NewStack) -> None:
    with new_stack(ELSOM_CA_BUNDLE_PARAMETER="/elsom/ca", AWS_MAX_ATTEMPTS="1") as stack:
        answer = stack.start()
        assert answer.status == 503
        assert answer.body["type"].endswith(":not-configured")
        assert stack.payments() == []
        assert NotConfigured.__name__ in stack.written()
