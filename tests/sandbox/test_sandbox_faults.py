import json
import socket
import time
from typing import Any

import pytest
import requests

from tests.sandbox.driver import START_FIELDS, MerchantPortal, SandboxProcess, eventually


def raw_start(sandbox: SandboxProcess, trn: str = "test_24") -> socket.socket:
    """Send a start by hand and leave its answer to the test."""
    host, port = sandbox.url.removeprefix("http://").split(":")
    body = json.dumps({"IA_Init": START_FIELDS | {"PartnerTrnID": trn}}).encode()
    head = (
        f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((host, int(port)), timeout=5)
    connection.sendall(head.encode() + body)
    return connection


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(65536):
        received += chunk
    return received


def order(sandbox: SandboxProcess, fault: str, **more: Any) -> None:
    answer = sandbox.control("POST", "faults", {"method": "IA_Init", "fault": fault} | more)
    assert "error" not in answer, answer


def test_reset_breaks_the_connection_with_a_tcp_reset(sandbox: SandboxProcess) -> None:
    order(sandbox, "reset")

    with raw_start(sandbox) as connection, pytest.raises(ConnectionResetError):
        read_all(connection)

    assert sandbox.status("test_24") == "1"
    assert sandbox.calls("test_24", "IA_Init")[0]["fault"] == "reset"


def test_cut_closes_after_half_of_the_promised_body(sandbox: SandboxProcess) -> None:
    order(sandbox, "cut")

    with raw_start(sandbox) as connection:
        head, _, body = read_all(connection).partition(b"\r\n\r\n")

    promised = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(body) < promised
    assert body.startswith(b'{"Response"')
    assert sandbox.status("test_24") == "1"
    assert sandbox.calls("test_24", "IA_Init")[0]["answer"] is None


def test_cut_is_an_incomplete_read_for_an_http_client(sandbox: SandboxProcess) -> None:
    order(sandbox, "cut")

    with pytest.raises(requests.RequestException, match="IncompleteRead"):
        sandbox.start_payment()


def test_hang_answers_nothing_until_its_seconds_are_over(sandbox: SandboxProcess) -> None:
    order(sandbox, "hang", seconds=0.6)
    started = time.monotonic()

    with raw_start(sandbox) as connection:
        assert read_all(connection) == b""

    assert 0.6 <= time.monotonic() - started < 3
    assert sandbox.status("test_24") == "1"


def test_hang_ends_when_the_client_leaves_and_the_payment_can_still_be_paid(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    order(sandbox, "hang", seconds=60)
    with pytest.raises(requests.Timeout):
        sandbox.start_payment(seconds=0.3)

    sandbox.control("POST", "transactions/test_24/status", {"status": "A", "notify": True})

    assert sandbox.status("test_24") == "A"
    assert portal.notifications("test_24")[0]["PaymentStatus"] == "A"


def test_a_scenarios_notification_follows_the_end_of_the_hang(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    order(sandbox, "hang", seconds=60)
    with pytest.raises(requests.Timeout):
        sandbox.start_payment(seconds=0.3, MSISDN="0000000001")
    left = time.monotonic()

    eventually(lambda: portal.notifications("test_24"))
    assert portal.received[0][0] >= left - 0.1


def test_clearing_the_faults_lets_go_of_what_hangs(sandbox: SandboxProcess) -> None:
    order(sandbox, "hang", seconds=60, times=-1)
    with raw_start(sandbox) as connection:
        eventually(lambda: sandbox.calls("test_24"))
        sandbox.control("DELETE", "faults")
        assert read_all(connection) == b""

    assert sandbox.control("GET", "faults") == {"items": []}


def test_slow_answers_after_its_seconds(sandbox: SandboxProcess) -> None:
    order(sandbox, "slow", seconds=0.5)
    started = time.monotonic()

    answer = sandbox.start_payment()

    assert time.monotonic() - started >= 0.5
    assert answer.json()["Response"]["ErrorCode"] == "0"


@pytest.mark.parametrize(
    ("fault", "status"),
    [("500", 500), ("503", 503), ("302", 302), ("400", 400), ("garbage", 200), ("empty", 200)],
)
def test_a_broken_answer_is_sent_and_nothing_is_started(
    sandbox: SandboxProcess, fault: str, status: int
) -> None:
    order(sandbox, fault)

    answer = sandbox.start_payment()

    assert answer.status == status
    with pytest.raises(ValueError, match=r"."):
        json.loads(answer.body)
    call = sandbox.calls("test_24", "IA_Init")[0]
    assert (call["fault"], call["answerStatus"]) == (fault, status)
    assert sandbox.control("GET", "transactions") == {"items": []}


def test_a_redirect_that_is_followed_shows_up_as_a_call(sandbox: SandboxProcess) -> None:
    order(sandbox, "302")
    location = sandbox.start_payment().headers["Location"]

    assert sandbox.get(location).status == 404
    assert [call["verb"] for call in sandbox.control("GET", "calls")["items"]] == ["POST", "GET"]


def test_a_broken_answer_can_hide_a_start_that_was_accepted(sandbox: SandboxProcess) -> None:
    order(sandbox, "500", accepted=True)

    assert sandbox.start_payment().status == 500
    assert sandbox.status("test_24") == "1"


def test_an_error_code_of_any_kind_can_be_ordered(sandbox: SandboxProcess) -> None:
    order(sandbox, "errorcode", errorCode="305", errorMsg="No money")

    answer = sandbox.start_payment().json()

    assert answer == {"Response": {"ErrorCode": "305", "ErrorMsg": "No money"}}
    assert sandbox.control("GET", "transactions") == {"items": []}


def test_a_fault_meets_only_its_method_its_payment_and_its_number_of_calls(
    sandbox: SandboxProcess,
) -> None:
    sandbox.pay_url(PartnerTrnID="one")
    sandbox.pay_url(PartnerTrnID="two")
    fault = {"method": "PartnerGetPaymentStatus", "fault": "503", "times": 2, "trn": "one"}
    sandbox.control("POST", "faults", fault)

    assert sandbox.query_status(PartnerTrnID="two").status == 200
    assert sandbox.start_payment(PartnerTrnID="three").status == 200
    assert [sandbox.query_status(PartnerTrnID="one").status for _ in range(3)] == [503, 503, 200]


def test_a_fault_without_an_end_stays_until_it_is_cleared(sandbox: SandboxProcess) -> None:
    sandbox.pay_url()
    sandbox.control(
        "POST", "faults", {"method": "PartnerGetPaymentStatus", "fault": "garbage", "times": -1}
    )

    for _ in range(5):
        assert b"not JSON" in sandbox.query_status().body
    sandbox.control("DELETE", "faults")
    assert sandbox.status("test_24") == "1"


def test_refuse_closes_the_port_for_its_seconds(sandbox: SandboxProcess) -> None:
    order(sandbox, "refuse", seconds=0.7)
    started = time.monotonic()

    with pytest.raises(ConnectionRefusedError):
        raw_start(sandbox)

    eventually(lambda: can_connect(sandbox))
    assert time.monotonic() - started >= 0.5
    assert sandbox.calls("test_24") == []
    assert sandbox.pay_url()


def test_a_refusal_can_be_ended_through_the_control_port() -> None:
    sandbox = SandboxProcess.start("--control-port", "0")
    order(sandbox, "refuse", seconds=600)
    refused = not can_connect(sandbox)
    sandbox.control("DELETE", "faults")

    assert refused
    assert sandbox.pay_url()
    assert sandbox.stop() == (0, "")


def can_connect(sandbox: SandboxProcess) -> bool:
    host, port = sandbox.url.removeprefix("http://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"fault": "flood"},
        {"fault": "hang", "seconds": -1},
        {"fault": "hang", "times": 0},
        {"fault": "hang", "method": "Other"},
        {"fault": "hang", "unknown": 1},
        {"fault": "hang", "accepted": "yes"},
    ],
)
def test_a_fault_that_makes_no_sense_is_explained(
    sandbox: SandboxProcess, wrong: dict[str, Any]
) -> None:
    assert "error" in sandbox.control("POST", "faults", wrong)
    assert sandbox.control("GET", "faults") == {"items": []}
