import json
import threading
from typing import Any

import pytest

from tests.sandbox.driver import START_FIELDS, MerchantPortal, SandboxProcess, eventually, query


def test_calls_are_kept_raw_for_tests_to_assert_the_wire(sandbox: SandboxProcess) -> None:
    body = json.dumps({"IA_Init": START_FIELDS}).encode()

    answer = query(f"{sandbox.url}/start", "POST", body, "application/json; charset=utf-8")

    call = sandbox.calls("test_24", "IA_Init")[0]
    assert call["body"].encode() == body
    assert call["answer"].encode() == answer.body
    assert call["headers"]["content-type"] == "application/json; charset=utf-8"
    assert (call["path"], call["verb"], call["answerStatus"]) == ("/start", "POST", 200)
    assert (call["trn"], call["method"], call["fault"]) == ("test_24", "IA_Init", None)


def test_calls_can_be_told_apart_by_payment_and_method(sandbox: SandboxProcess) -> None:
    sandbox.pay_url(PartnerTrnID="one")
    sandbox.pay_url(PartnerTrnID="two")
    sandbox.status("one")

    assert [call["method"] for call in sandbox.calls("one")] == [
        "IA_Init",
        "PartnerGetPaymentStatus",
    ]
    assert len(sandbox.calls("two", "IA_Init")) == 1
    assert sandbox.calls("two", "PartnerGetPaymentStatus") == []


def test_a_transaction_tells_what_was_sent_and_asked(sandbox: SandboxProcess) -> None:
    url = sandbox.pay_url(Amount="1500.00")
    sandbox.status("test_24")
    sandbox.status("test_24")

    transaction = sandbox.transaction("test_24")
    expected = {
        "partnerTrnId": "test_24",
        "status": "1",
        "amount": "1500.00",
        "chequeNo": "123",
        "payUrl": url,
        "scenario": "pay-page",
        "starts": 1,
        "statusQueries": 2,
        "notificationsSent": 0,
        "foreign": False,
    }
    assert transaction.items() >= expected.items()
    assert sandbox.control("GET", "transactions")["items"] == [transaction]


@pytest.mark.parametrize("status", ["A", "1", "2", "3", "4"])
def test_a_status_can_be_set_for_a_payment_that_never_started(
    sandbox: SandboxProcess, portal: MerchantPortal, status: str
) -> None:
    made = sandbox.control(
        "POST", "transactions/strange-id/status", {"status": status, "notify": True}
    )

    assert (made["foreign"], made["status"], made["starts"]) == (True, status, 0)
    assert sandbox.status("strange-id") == status
    assert portal.notifications("strange-id")[0]["PaymentStatus"] == status
    assert made["notifications"][0]["answerStatus"] == 200


def test_a_paid_payment_can_be_made_to_disagree(sandbox: SandboxProcess) -> None:
    sandbox.pay_url(MSISDN="0000000005")
    sandbox.control("POST", "transactions/test_24/status", {"status": "4"})

    assert sandbox.status("test_24") == "4"
    history = sandbox.transaction("test_24")["history"]
    assert [step["status"] for step in history] == ["1", "A", "4"]


def test_a_status_set_with_a_lag_is_told_later(sandbox: SandboxProcess) -> None:
    sandbox.pay_url()
    sandbox.control("POST", "transactions/test_24/status", {"status": "A", "lagSeconds": 0.5})

    assert sandbox.status("test_24") == "1"
    eventually(lambda: sandbox.status("test_24") == "A")


def test_a_notification_can_carry_any_fields_any_body_and_any_content_type(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    sandbox.pay_url()
    path = "transactions/test_24/notify"

    sandbox.control("POST", path, {"fields": {"PaymentStatus": "Z", "Message": None}})
    sandbox.control("POST", path, {"rawBody": "not json", "contentType": "text/plain"})

    fields = json.loads(portal.received[0][3])["PartnerPaymentResult"]
    assert fields["PaymentStatus"] == "Z"
    assert "Message" not in fields
    assert portal.received[1][3] == b"not json"
    assert portal.received[1][2]["content-type"] == "text/plain"


def test_options_change_the_notifications_names(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    changes = {"notificationMethod": "PaymentResult", "trnField": "PSPTrnID"}
    sandbox.control("PUT", "options", changes | {"notificationContentType": "text/html"})
    sandbox.pay_url()

    sandbox.control("POST", "transactions/test_24/notify", {})

    assert "PSPTrnID" in json.loads(portal.received[0][3])["PaymentResult"]
    assert portal.received[0][2]["content-type"] == "text/html"


def test_twenty_notifications_can_be_sent_at_once(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    portal.delay_seconds = 0.3
    sandbox.pay_url()

    answer = sandbox.control("POST", "transactions/test_24/notify", {"times": 20, "atOnce": True})

    times = [received_at for received_at, _, _, _ in portal.received]
    assert [item["answerStatus"] for item in answer["items"]] == [200] * 20
    assert max(times) - min(times) < 2
    assert sandbox.transaction("test_24")["notificationsSent"] == 20


def test_a_forged_notification_makes_no_transaction(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    answer = sandbox.control("POST", "transactions/never-started/notify", {})

    assert answer["items"][0]["answerStatus"] == 200
    assert portal.notifications("never-started")[0]["PaymentStatus"] == "A"
    assert sandbox.control("GET", "transactions") == {"items": []}


@pytest.mark.parametrize("status", [302, 404, 503])
def test_what_the_merchant_answered_is_kept_and_redirects_are_not_followed(
    sandbox: SandboxProcess, portal: MerchantPortal, status: int
) -> None:
    portal.status = status
    sandbox.pay_url(MSISDN="0000000001")

    eventually(lambda: sandbox.transaction("test_24")["notifications"])
    kept = sandbox.transaction("test_24")["notifications"][0]
    assert (kept["answerStatus"], kept["error"]) == (status, None)
    assert json.loads(kept["answer"])["Response"]["ErrorCode"] == "0"
    assert len(portal.received) == 1


def test_a_merchant_that_is_down_is_recorded_not_raised(sandbox: SandboxProcess) -> None:
    gone = MerchantPortal()
    sandbox.control("PUT", "portal", {"url": gone.url})
    gone.stop()
    sandbox.pay_url()

    answer = sandbox.control("POST", "transactions/test_24/notify", {})

    assert answer["items"][0]["answerStatus"] is None
    assert "refused" in answer["items"][0]["error"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/elsom/token",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1.example.com/",
        "http://127.0.0.1@example.com/",
        "file:///etc/hosts",
        "http://127.0.0.1/a b",
        "http://127.0.0.1:port/",
        "",
    ],
)
def test_a_portal_url_off_this_machine_is_refused(
    sandbox: SandboxProcess, portal: MerchantPortal, url: str
) -> None:
    assert "error" in sandbox.control("PUT", "portal", {"url": url})
    assert sandbox.control("GET", "portal") == {"url": portal.url}


def test_reset_forgets_all_but_the_portal_url(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    sandbox.pay_url()
    sandbox.control("POST", "faults", {"fault": "500", "times": -1})
    sandbox.control("PUT", "options", {"trailingComma": True})

    sandbox.control("POST", "reset")

    for name in ("calls", "transactions", "faults"):
        assert sandbox.control("GET", name) == {"items": []}
    assert sandbox.control("GET", "options")["trailingComma"] is False
    assert sandbox.control("GET", "portal") == {"url": portal.url}


@pytest.mark.parametrize(
    ("verb", "path", "document", "status"),
    [
        ("GET", "nothing", None, 404),
        ("DELETE", "calls", None, 405),
        ("GET", "transactions/unknown", None, 404),
        ("POST", "transactions/x/status", {"status": "B"}, 400),
        ("POST", "transactions/x/status", {"status": "A", "notify": "yes"}, 400),
        ("POST", "transactions/x/notify", {"times": 0}, 400),
        ("POST", "transactions/x/notify", {"fields": []}, 400),
        ("POST", "transactions/x/notify", {"contentType": "a\r\nb: c"}, 400),
        ("PUT", "options", {"repeatedStart": "maybe"}, 400),
        ("PUT", "options", {"trailingComma": 1}, 400),
        ("PUT", "options", {"unknown": True}, 400),
        ("PUT", "portal", [], 400),
    ],
)
def test_wrong_use_is_explained(
    sandbox: SandboxProcess, verb: str, path: str, document: Any, status: int
) -> None:
    body = None if document is None else json.dumps(document).encode()

    answer = query(f"{sandbox.url}/_sandbox/{path}", verb, body)

    assert answer.status == status
    assert answer.json()["error"]
    assert sandbox.control("GET", "transactions") == {"items": []}


def test_fifty_starts_at_once_are_fifty_payments(sandbox: SandboxProcess) -> None:
    answers: list[int] = []

    def start(number: int) -> None:
        answers.append(sandbox.start_payment(PartnerTrnID=f"many-{number}").status)

    threads = [threading.Thread(target=start, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 50
    items = sandbox.control("GET", "transactions")["items"]
    assert len({item["pspTrnId"] for item in items}) == 50
    assert len({item["payUrl"] for item in items}) == 50


def test_the_same_start_many_times_at_once_opens_one_payment(sandbox: SandboxProcess) -> None:
    codes: list[str] = []

    def start() -> None:
        codes.append(sandbox.start_payment().json()["Response"]["ErrorCode"])

    threads = [threading.Thread(target=start) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(codes) == ["0"] + ["14"] * 9
    assert sandbox.transaction("test_24")["starts"] == 10
