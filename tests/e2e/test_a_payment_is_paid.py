"""The main job, on the deployed stack: from start to an end, by notification and without."""

import json

import pytest
import requests

from tests.deployed import Deployed, eventually

PAID_AT_ONCE = "0000000001"
NO_NOTIFICATION = "0000000005"
NOTIFIED_TWICE = "0000000006"
NOTIFIED_BEFORE_THE_ANSWER = "0000000007"
STATUS_LAGS = "0000000009"
REFUSED = "0000000010"


@pytest.fixture(scope="module", autouse=True)
def begun(stack: Deployed) -> dict[str, str]:
    """Payments whose end takes a while, by wallet: their time passes beside the other tests."""
    wallets = (NO_NOTIFICATION, NOTIFIED_TWICE, NOTIFIED_BEFORE_THE_ANSWER, STATUS_LAGS)
    started = {wallet: stack.start(customerMsisdn=wallet) for wallet in wallets}
    assert {answer.status for answer in started.values()} == {201}
    return {wallet: answer.body["id"] for wallet, answer in started.items()}


def whats(stack: Deployed, payment_id: str) -> list[str]:
    return [entry["what"] for entry in stack.timeline(payment_id)]


def test_a_notification_leads_to_paid(stack: Deployed) -> None:
    started = stack.start(customerMsisdn=PAID_AT_ONCE, orderId="A-1001")
    assert started.status == 201
    assert started.body["amount"] == "1500.00"
    assert started.body["customerMsisdn"] == "0000***001"
    paid = stack.wait_for(started.body["id"], "paid")
    assert paid["paidAt"] is not None
    assert paid["late"] is False
    steps = whats(stack, paid["id"])
    assert [what for what in steps if what != "notification"] == [
        "created",
        "start_sent",
        "pending",
        "paid",
    ]
    assert "notification" in steps


@pytest.mark.parametrize(
    ("wallet", "status", "reason"),
    [
        ("0000000003", "expired", "elsom-2"),
        ("0000000004", "cancelled", "elsom-3"),
        ("0000000002", "failed", "elsom-4"),
    ],
)
def test_an_end_without_money_is_told_by_its_reason(
    stack: Deployed, wallet: str, status: str, reason: str
) -> None:
    started = stack.start(customerMsisdn=wallet)
    ended = stack.wait_for(started.body["id"], status)
    assert ended["statusReason"] == reason
    assert ended["paidAt"] is None


@pytest.mark.parametrize("wallet", [NOTIFIED_TWICE, NOTIFIED_BEFORE_THE_ANSWER, STATUS_LAGS])
def test_odd_notifications_still_lead_to_one_paid(
    stack: Deployed, begun: dict[str, str], wallet: str
) -> None:
    stack.wait_for(begun[wallet], "paid")
    assert whats(stack, begun[wallet]).count("paid") == 1
    assert len(stack.calls(begun[wallet], "IA_Init")) == 1


def test_a_forged_notification_changes_nothing_and_the_real_one_pays(stack: Deployed) -> None:
    payment_id = stack.start().body["id"]
    answer = stack.notify(payment_id, fields={"PaymentStatus": "A", "PSPTTrnID": "FORGED1"})
    assert answer["items"][0]["answerStatus"] == 200, answer
    eventually(lambda: stack.calls(payment_id, "PartnerGetPaymentStatus"))
    assert "notification" in whats(stack, payment_id)
    assert stack.get(payment_id)["status"] == "pending"
    stack.let_time_pass_since_the_last_query(payment_id)
    stack.set_status(payment_id, "A", notify=True)
    stack.wait_for(payment_id, "paid")
    real = stack.cloud.configure_sandbox("GET", f"/_sandbox/transactions/{payment_id}")["pspTrnId"]
    # Two names for one transaction: the real one is kept, or neither; never the forged one.
    eventually(lambda: stack.get(payment_id)["elsomTransactionId"] in {None, real})


def test_the_documents_own_notification_bytes_are_taken(stack: Deployed) -> None:
    payment_id = stack.start().body["id"]
    stack.set_status(payment_id, "A")
    literal = (
        '{\n  "PartnerPaymentResult": {\n    "CultureInfo": "ru-Ru",\n    "MSISDN": "0555150155",\n'
        f'    "PartnerTrnID": "{payment_id}",\n    "PSPTTrnID": "PSP123456",\n'
        '    "PaymentStatus": "A",\n    "Message": "Платеж прошел успешно",\n'
        '    "CashierNo": "123456",\n    "ChequeNo": "123456",\n  }\n}\n'
    )
    answer = stack.notify(payment_id, rawBody=literal, contentType="text/plain")
    assert json.loads(answer["items"][0]["answer"])["Response"]["ErrorCode"] == "0"
    assert stack.wait_for(payment_id, "paid")["elsomTransactionId"] == "PSP123456"


def test_the_start_on_the_wire_has_exactly_the_documents_ten_fields(stack: Deployed) -> None:
    started = stack.start(
        amount="10.5",
        orderId="123",
        customerMsisdn="0556109910",
        language="ky",
        cashierNo="0001",
        description="browserName",
    )
    (call,) = stack.calls(started.body["id"], "IA_Init")
    assert json.loads(call["body"]) == {
        "IA_Init": {
            "CultureInfo": "ky-KG",
            "MSISDN": "0556109910",
            "PmSISDN": "0901015003",
            "PartnerCode": "00609",
            "Password": "sandbox-password",
            "ChequeNo": "123",
            "PartnerTrnID": started.body["id"],
            "Amount": "10.50",
            "CashierNo": "0001",
            "UDF": "browserName",
        }
    }


def test_the_way_to_elsom_and_back_works_in_a_browser_with_and_without_cookie(
    stack: Deployed,
) -> None:
    def get(url: str, cookie: str = "") -> tuple[int, dict[str, str], str]:
        headers = {"Cookie": cookie}
        answer = requests.get(url, headers=headers, timeout=20, allow_redirects=False)
        return answer.status_code, dict(answer.headers), answer.text

    payment = stack.start().body
    status, headers, _ = get(payment["checkoutUrl"])
    assert status == 302
    assert headers["Location"].startswith(stack.cloud.sandbox_url + "/merchant-payment/")
    cookie = headers["Set-Cookie"].partition(";")[0]
    back = f"{stack.cloud.api_url}/elsom/{stack.secret['callbackToken']}"
    status, headers, _ = get(back, cookie)
    assert status == 302
    assert f"/return/{payment['id']}?s=" in headers["Location"]
    assert get(headers["Location"])[0] == 200
    assert get(back)[0] == 200
    assert get(headers["Location"][:-3] + "xyz")[0] == 404
    assert get(back + "x")[0] == 404


def test_elsom_refusing_a_start_is_told_with_its_code(stack: Deployed) -> None:
    refused = stack.start(customerMsisdn=REFUSED)
    assert refused.status == 422
    assert refused.body["type"] == "urn:elsom-payments:problem:elsom-refused"
    assert refused.body["elsomErrorCode"] == "17"
    payment = stack.get(refused.body["paymentId"])
    assert (payment["status"], payment["statusReason"]) == ("failed", "elsom-refused")
    assert payment["checkoutUrl"] is None


def test_without_a_notification_the_scheduler_itself_finds_it_paid(
    stack: Deployed, begun: dict[str, str]
) -> None:
    paid = stack.wait_for(begun[NO_NOTIFICATION], "paid", seconds=100)
    by = [entry.get("queriedBy") for entry in stack.timeline(paid["id"]) if entry["what"] == "paid"]
    assert by == ["schedule"]
    assert "notification" not in whats(stack, paid["id"])
