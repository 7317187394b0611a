import time

import pytest
import requests

from tests.sandbox.driver import MerchantPortal, SandboxProcess, eventually


@pytest.mark.parametrize(
    ("wallet", "status", "message"),
    [
        ("0000000001", "A", "Платеж прошел успешно"),
        ("0000000002", "4", "Другая ошибка"),
        ("0000000003", "2", "Не успешно время транзакции вышла"),
        ("0000000004", "3", "Платеж отменен партнером"),
    ],
)
def test_a_settled_payment_is_notified_right_after_the_starts_answer(
    sandbox: SandboxProcess, portal: MerchantPortal, wallet: str, status: str, message: str
) -> None:
    sandbox.pay_url(MSISDN=wallet)
    answered = time.monotonic()

    assert sandbox.status("test_24") == status
    eventually(lambda: sandbox.transaction("test_24")["notificationsSent"] == 1)
    received_at, path, headers, _ = portal.received[0]
    assert received_at > answered - 0.5
    assert path == "/v1/elsom/portal-token"
    assert headers["content-type"] == "application/json; charset=utf-8"
    psp_trn_id = sandbox.transaction("test_24")["pspTrnId"]
    assert portal.notifications("test_24") == [
        {
            "CultureInfo": "ru-RU",
            "MSISDN": wallet,
            "PartnerTrnID": "test_24",
            "PSPTTrnID": psp_trn_id,
            "PaymentStatus": status,
            "Message": message,
            "CashierNo": "0001",
            "ChequeNo": "123",
        }
    ]


def test_a_silent_payment_is_paid_without_any_notification(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    sandbox.pay_url(MSISDN="0000000005")
    time.sleep(0.3)

    assert sandbox.status("test_24") == "A"
    assert portal.received == []


def test_one_payment_can_be_notified_twice(sandbox: SandboxProcess, portal: MerchantPortal) -> None:
    sandbox.pay_url(MSISDN="0000000006")

    eventually(lambda: sandbox.transaction("test_24")["notificationsSent"] == 2)
    first, second = portal.notifications("test_24")
    assert first == second


def test_a_notification_can_arrive_before_the_starts_answer(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    portal.delay_seconds = 0.3
    sandbox.pay_url(MSISDN="0000000007")

    assert time.monotonic() - portal.received[0][0] >= 0.3
    assert sandbox.transaction("test_24")["notificationsSent"] == 1


def test_a_start_can_hang_though_the_payment_exists_and_is_paid(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    with pytest.raises(requests.Timeout):
        sandbox.start_payment(seconds=0.4, MSISDN="0000000008")

    assert sandbox.status("test_24") == "A"
    call = sandbox.calls("test_24", "IA_Init")[0]
    assert (call["fault"], call["answer"], call["answerStatus"]) == ("hang", None, None)
    eventually(lambda: portal.notifications("test_24"))


def test_the_status_can_lag_behind_the_notification(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    started = time.monotonic()
    sandbox.pay_url(MSISDN="0000000009")

    eventually(lambda: portal.notifications("test_24"))
    assert portal.notifications("test_24")[0]["PaymentStatus"] == "A"
    assert sandbox.status("test_24") == "1"
    eventually(lambda: sandbox.status("test_24") == "A", seconds=7)
    assert time.monotonic() - started >= 5


def test_a_refused_start_leaves_no_payment(sandbox: SandboxProcess, portal: MerchantPortal) -> None:
    answer = sandbox.start_payment(MSISDN="0000000010").json()

    assert answer["Response"]["ErrorCode"] == "17"
    assert sandbox.control("GET", "transactions") == {"items": []}
    assert len(sandbox.calls("test_24", "IA_Init")) == 1


@pytest.mark.parametrize("wallet", ["0", "0556109910"])
def test_any_other_wallet_waits_for_the_pay_page(
    sandbox: SandboxProcess, portal: MerchantPortal, wallet: str
) -> None:
    sandbox.pay_url(MSISDN=wallet)
    time.sleep(0.2)

    assert sandbox.status("test_24") == "1"
    assert portal.received == []
