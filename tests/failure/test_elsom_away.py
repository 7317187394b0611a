"""Elsom away, in every way it can be: nothing expires, nothing is lost, all is made up for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from payments.elsom import client
from payments.errors import NotConfigured
from payments.moments import now_ms
from tests.contract.lines import Authority
from tests.failure.conftest import NewHouse
from tests.failure.house import House
from tests.sandbox.driver import SandboxProcess

pytestmark = pytest.mark.needs("java", "npm")

STATUS = "PartnerGetPaymentStatus"
WAYS = ("refuse", "hang", "reset", "cut", "500", "503", "302", "400", "garbage", "empty")


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "STATUS_READ_SECONDS", 0.2)


@contextmanager
def away(house: House, way: str) -> Iterator[None]:
    """Elsom gives no answer to any status question."""
    house.fault(STATUS, way, times=1 if way == "refuse" else -1, seconds=300)
    try:
        yield
    finally:
        house.sandbox.control("DELETE", "faults")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_expires_and_nothing_is_lost_while_elsom_is_away(house: House, way: str) -> None:
    trns = [house.started(f"order-{number}", orderId=f"A-{number}") for number in range(6)]
    for trn in trns:
        house.elsom_says(trn, "A")
        assert house.notify(trn).status == 200
    with away(house, way):
        house.work()
        questions = house.line.effects.count(f"elsom:{STATUS}")
        assert questions == 5, "then the circuit opens"
        house.wait(6 * 3600)
        house.live(60)
        assert house.line.effects.count(f"elsom:{STATUS}") <= questions + 2
        assert {one.status for one in house.payments()} == {"pending"}
        assert all(one.next_check_at is not None for one in house.payments())
    house.live(600)
    assert [(one.status, one.late) for one in house.payments()] == [("paid", False)] * 6
    assert all(house.told(trn) == ["payment.pending", "payment.paid"] for trn in trns)
    assert house.cases() == []


def test_after_an_outage_the_longest_waiting_are_asked_about_first(house: House) -> None:
    trns = []
    for number in range(6):
        trns.append(house.started(f"order-{number}", orderId=f"A-{number}"))
        house.wait(7)
    with away(house, "500"):
        house.wait(60)
        house.tick()
        house.work()
        house.wait(3600)
    waiting = sorted(house.payments(), key=lambda one: one.next_check_at or 0)

    before = len(house.asked_about())
    house.tick()
    house.work()
    house.live(120)
    assert house.asked_about()[before:][: len(trns)] == [one.id for one in waiting]
    assert now_ms() - waiting[0].created_at > 3600


def test_starts_are_tried_while_questions_are_not(house: House) -> None:
    for number in range(6):
        house.started(f"order-{number}", orderId=f"A-{number}")
    with away(house, "500"):
        house.wait(61)
        house.tick()
        house.work()
        assert house.start("another", orderId="A-9").status == 201


def test_a_certificate_that_does_not_check_sends_nothing_and_loses_nothing(
    new_house: NewHouse, tmp_path: Path
) -> None:
    Authority.new().server(tmp_path, "127.0.0.1")
    pem = str(tmp_path / "server.pem")
    secure = SandboxProcess.start("--tls-cert", pem, "--control-port", "0")
    try:
        with new_house() as house:
            trn = house.started()
            house.elsom_says(trn, "A")
        urls = {"ELSOM_INIT_URL": f"{secure.url}/init", "ELSOM_STATUS_URL": f"{secure.url}/status"}
        with new_house(**urls) as house:
            answer = house.start()
            assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
            assert house.payment().status == "created"
            assert secure.control("GET", "calls")["items"] == [], "no password on this line"
            house.live(1800)
            assert house.payment().status == "created"
            again = house.start()
            assert again.status == 503
            house.live(3600)
            payment = house.payment()
            assert (payment.status, payment.status_reason) == ("failed", "elsom-unreachable")
    finally:
        secure.stop()


def test_a_payment_under_way_survives_a_certificate_that_expires(
    new_house: NewHouse, elsom_process: SandboxProcess, tmp_path: Path
) -> None:
    Authority.new().server(tmp_path, "127.0.0.1", expired=True)
    pem = str(tmp_path / "server.pem")
    secure = SandboxProcess.start("--tls-cert", pem, "--control-port", "0")
    try:
        with new_house(ELSOM_STATUS_URL=f"{secure.url}/status") as house:
            trn = house.started()
            house.elsom_says(trn, "A")
            for _ in range(12):
                house.wait(11 * 3600)
                house.live(120)
            payment = house.payment(trn)
            assert payment.status == "pending"
            assert payment.questions >= 12
            assert secure.control("GET", "calls")["items"] == []
            assert elsom_process.calls(trn, STATUS) == []
    finally:
        secure.stop()


def test_without_the_ca_bundle_nothing_is_created(new_house: NewHouse) -> None:
    with new_house(ELSOM_CA_BUNDLE_PARAMETER="/elsom/ca", AWS_MAX_ATTEMPTS="1") as house:
        answer = house.start()
        assert answer.status == 503
        assert answer.body["type"].endswith(":not-configured")
        assert house.payments() == []
        assert NotConfigured.__name__ in house.written()
