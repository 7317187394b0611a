import html
import re
import urllib.parse

import pytest

from sandbox.texts import LANGUAGES, STATUSES, TEXTS
from tests.sandbox.driver import MerchantPortal, SandboxProcess, eventually, query

PAID = {"action": "pay", "wallet": "0556109910", "code": "4321"}


@pytest.mark.parametrize(
    ("culture", "language", "title", "amount"),
    [
        ("ky-KG", "ky", "Элсом аркылуу төлөө", "1\u00a0500,50\u00a0сом"),
        ("ru-RU", "ru", "Оплата через Элсом", "1\u00a0500,50\u00a0сом"),
        ("en-US", "en", "Pay with Elsom", "1,500.50\u00a0som"),
    ],
)
def test_the_pay_page_speaks_the_language_of_the_start(
    sandbox: SandboxProcess, culture: str, language: str, title: str, amount: str
) -> None:
    url = sandbox.pay_url(CultureInfo=culture, Amount="1500.50")

    page = query(url).text

    assert f"language={language}&platform=web" in url
    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
    assert amount in page


def test_the_customer_can_change_the_language(sandbox: SandboxProcess) -> None:
    url = sandbox.pay_url().replace("language=ru", "language=en")

    assert "<h1>Pay with Elsom</h1>" in query(url).text
    assert "One-time code" in query(url).text


def test_the_form_as_it_stands_pays_without_any_script(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    url = sandbox.pay_url()
    page = query(url).text
    action = html.unescape(re.findall(r'<form method="post" action="([^"]*)"', page)[0])
    names = set(re.findall(r'<input [^>]*name="([^"]+)"', page))
    buttons = re.findall(r'<button name="action" value="([^"]+)"', page)
    assert (names, buttons) == ({"wallet", "code"}, ["pay", "decline", "timeout"])

    answer = sandbox.send_form(urllib.parse.urljoin(url, action), **PAID)

    assert (answer.status, answer.headers["Location"]) == (303, portal.url)
    assert sandbox.status("test_24") == "A"
    eventually(lambda: sandbox.transaction("test_24")["notificationsSent"] == 1)
    assert portal.notifications("test_24")[0]["PaymentStatus"] == "A"


@pytest.mark.parametrize(("action", "status"), [("decline", "4"), ("timeout", "2")])
def test_declining_and_timing_out_need_no_wallet_and_lead_back_to_the_shop(
    sandbox: SandboxProcess, portal: MerchantPortal, action: str, status: str
) -> None:
    answer = sandbox.send_form(sandbox.pay_url(), action=action, wallet="", code="")

    assert (answer.status, answer.headers["Location"]) == (303, portal.url)
    assert sandbox.status("test_24") == status
    eventually(lambda: portal.notifications("test_24"))
    assert portal.notifications("test_24")[0]["PaymentStatus"] == status


def test_the_payers_wallet_is_the_one_the_notification_names(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    url = sandbox.pay_url(MSISDN="0", CashierNo="", ChequeNo="")
    sandbox.send_form(url, action="pay", wallet="0555 150155", code="4321")

    eventually(lambda: portal.notifications("test_24"))
    fields = portal.notifications("test_24")[0]
    assert fields["MSISDN"] == "0555150155"
    assert not {"CashierNo", "ChequeNo"} & set(fields)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"wallet": "12"}, "Номер кошелька состоит"),
        ({"wallet": ""}, "Номер кошелька состоит"),
        ({"code": "0000"}, "Неверный одноразовый код."),
        ({"code": ""}, "Неверный одноразовый код."),
    ],
)
def test_a_wrong_wallet_or_code_is_said_and_nothing_is_paid(
    sandbox: SandboxProcess, portal: MerchantPortal, wrong: dict[str, str], message: str
) -> None:
    answer = sandbox.send_form(sandbox.pay_url(), **(PAID | wrong))

    assert answer.status == 422
    assert message in answer.text
    assert sandbox.status("test_24") == "1"


def test_a_page_pays_only_once(sandbox: SandboxProcess, portal: MerchantPortal) -> None:
    url = sandbox.pay_url()
    sandbox.send_form(url, **PAID)

    again = sandbox.send_form(url, **(PAID | {"action": "decline"}))

    assert again.status == 409
    assert "Платеж прошел успешно" in again.text
    transaction = sandbox.transaction("test_24")
    assert (transaction["status"], transaction["timesPaid"]) == ("A", 1)


def test_a_settled_page_shows_its_outcome_and_the_way_back(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    page = query(sandbox.pay_url(MSISDN="0000000003")).text

    assert "Не успешно время транзакции вышла" in page
    assert f'href="{portal.url}"' in page
    assert "<form" not in page


def test_the_way_back_can_carry_parameters(sandbox: SandboxProcess, portal: MerchantPortal) -> None:
    sandbox.control("PUT", "options", {"redirectParameters": True})

    answer = sandbox.send_form(sandbox.pay_url(), **PAID)

    assert answer.headers["Location"] == f"{portal.url}?PartnerTrnID=test_24&PaymentStatus=A"


def test_an_unknown_page_is_not_found(sandbox: SandboxProcess) -> None:
    answer = sandbox.get("/merchant-payment/30b6689c-8436-4a03-948e-88bba6ea2540?language=en")

    assert answer.status == 404
    assert "There is no such payment." in answer.text


def test_what_the_merchant_sent_cannot_become_markup(sandbox: SandboxProcess) -> None:
    url = sandbox.pay_url(ChequeNo="<script>x</script>", PartnerTrnID="<b>&id</b>")

    assert "<script>x" not in query(url).text
    assert "&lt;script&gt;x" in query(url).text
    assert "<b>&id" not in sandbox.get("/transactions").text


def test_the_live_view_shows_transactions_and_calls_without_secrets(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    sandbox.send_form(sandbox.pay_url(), **PAID)
    sandbox.start_payment(Password="planted secret", PartnerTrnID="wrong")
    sandbox.post(b'{"IA_Init": {"Password": "planted secret", "MSISDN": "0556109910"')
    eventually(lambda: sandbox.transaction("test_24")["notificationsSent"] == 1)

    shown = [sandbox.get("/transactions").text, sandbox.get("/transactions/rows").text]

    for text in shown:
        assert "test_24" in text
        assert "IA_Init" in text
        assert "0556***910" in text
        for secret in ("planted secret", "sandbox-password", "0556109910", "0901015003"):
            assert secret not in text


def test_the_live_view_sends_rows_only_when_something_changed(sandbox: SandboxProcess) -> None:
    sandbox.pay_url()
    first = sandbox.get("/transactions/rows").json()
    path = f"/transactions/rows?version={first['version']}"

    unchanged = sandbox.get(path).json()
    sandbox.status("test_24")
    changed = sandbox.get(path).json()

    assert unchanged == {"version": first["version"]}
    assert changed["version"] != first["version"]
    old_calls = [row for row in changed["calls"] if row in first["calls"]]
    assert (len(first["calls"]), len(changed["calls"]), len(old_calls)) == (1, 2, 1)


def test_the_help_page_names_every_wallet_credential_and_fault(sandbox: SandboxProcess) -> None:
    page = sandbox.get("/").text

    for number in range(1, 11):
        assert f"{number:010d}" in page
    for text in ("00609", "sandbox-password", "0901015003", "errorcode", "trailingComma", "4321"):
        assert text in page


def test_the_help_page_hides_the_portals_token(
    sandbox: SandboxProcess, portal: MerchantPortal
) -> None:
    page = sandbox.get("/").text

    assert "/v1/elsom/" in page
    assert "portal-token" not in page


@pytest.mark.parametrize("path", ["/static/sandbox.css", "/static/live.js", "/static/pay.js"])
def test_the_pages_own_files_are_served(sandbox: SandboxProcess, path: str) -> None:
    answer = sandbox.get(path)

    assert answer.status == 200
    assert len(answer.body) > 100


def test_opening_pages_leaves_no_trace_among_the_calls(sandbox: SandboxProcess) -> None:
    for path in ("/", "/transactions", "/favicon.ico", "/static/live.js"):
        sandbox.get(path)

    assert sandbox.control("GET", "calls") == {"items": []}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_missing_in_any_language(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    assert STATUSES[language].keys() == {"A", "1", "2", "3", "4"}
    assert all((TEXTS[language] | STATUSES[language]).values())
