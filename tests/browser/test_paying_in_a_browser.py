"""The customer's whole way on the deployed stack: shop, Elsom's page, result page, shop again."""

from __future__ import annotations

import json
import re
from datetime import datetime
from itertools import pairwise

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from payments.domain.signed_urls import pay_url, result_url
from payments.pages.state import State
from payments.pages.texts import LANGUAGES, TEXTS, Notice
from sandbox.texts import TEXTS as ELSOM
from tests.browser.axe import faults
from tests.browser.chromium import PHONE, phone, too_wide
from tests.browser.demo import DemoShop
from tests.deployed import Deployed, eventually

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(240)]

AT_ELSOM = re.compile(r"/merchant-payment/")
RESULT = re.compile(r"/v1/return/")
WALLET, CODE = "0556109910", "4321"


def signing_key(stack: Deployed) -> str:
    return str(stack.secret["pageSigningKeys"][0])


def result_of(stack: Deployed, payment_id: str) -> str:
    return result_url(stack.cloud.api_url, payment_id, signing_key(stack))


def payment_on(page: Page) -> str:
    found = re.search(r"/(?:return|pay)/([0-9A-Z]{20})", page.url)
    assert found, page.url
    return found[1]


def buy(page: Page, demo: DemoShop, language: str) -> None:
    """From the shop's goods to Elsom's page."""
    page.goto(f"{demo.url}/?lang={language}")
    page.get_by_role("button").first.click()
    page.wait_for_url(AT_ELSOM)


def pay(page: Page, language: str) -> None:
    """Fill in Elsom's form, and pay."""
    page.get_by_label(ELSOM[language]["wallet"], exact=True).fill(WALLET)
    page.get_by_label(ELSOM[language]["code"], exact=True).fill(CODE)
    page.get_by_role("button", name=ELSOM[language]["pay"], exact=True).click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_the_shop_to_elsom_and_back_paid(
    page: Page, stack: Deployed, demo: DemoShop, language: str
) -> None:
    buy(page, demo, language)
    assert page.evaluate("document.documentElement.lang") == language
    pay(page, language)
    page.wait_for_url(RESULT)
    payment_id = payment_on(page)
    words = TEXTS[language]
    expect(page.locator("h1")).to_have_text(words.states[State.PAID].title, timeout=30_000)
    expect(page.locator(".sum")).to_contain_text(words.currency)
    assert stack.get(payment_id)["status"] == "paid"
    page.get_by_role("link", name=words.back).click()
    page.wait_for_url(f"{demo.url}/?paymentId={payment_id}&status=paid")
    expect(page.locator(".facts")).to_contain_text("payment.paid", timeout=30_000)
    expect(page.locator("html")).to_have_attribute("lang", language)
    assert len(stack.calls(payment_id, "IA_Init")) == 1


@pytest.mark.parametrize(
    ("button", "state", "reason"),
    [("decline", State.FAILED, "elsom-4"), ("timeout", State.EXPIRED, "elsom-2")],
)
def test_who_declines_or_is_too_late_learns_it_and_what_to_do(
    page: Page, stack: Deployed, demo: DemoShop, button: str, state: State, reason: str
) -> None:
    buy(page, demo, "ru")
    page.get_by_role("button", name=ELSOM["ru"][button], exact=True).click()
    page.wait_for_url(RESULT)
    words = TEXTS["ru"].states[state]
    expect(page.locator("h1")).to_have_text(words.title, timeout=30_000)
    expect(page.get_by_text(TEXTS["ru"].do_not_pay_again)).to_be_visible()
    expect(page.get_by_text(words.step)).to_be_visible()
    assert stack.get(payment_on(page))["statusReason"] == reason


def test_declined_at_first_and_paid_after_all_the_open_page_says_so(
    page: Page, stack: Deployed, demo: DemoShop
) -> None:
    buy(page, demo, "ky")
    page.get_by_role("button", name=ELSOM["ky"]["decline"], exact=True).click()
    page.wait_for_url(RESULT)
    expect(page.locator("body.failed")).to_be_visible(timeout=30_000)
    stack.set_status(payment_on(page), "A")
    stack.let_time_pass_since_the_last_query(payment_on(page))
    expect(page.locator("body.late")).to_be_visible(timeout=60_000)
    expect(page.get_by_text(TEXTS["ky"].paid_do_not_pay)).to_be_visible()


def test_in_another_browser_the_shop_is_named_and_the_payment_counts(
    browser: Browser, page: Page, stack: Deployed, demo: DemoShop
) -> None:
    buy(page, demo, "ru")
    order = page.locator("dd").last.inner_text()
    with phone(browser) as wallet:
        other = wallet.new_page()
        other.goto(page.url)
        pay(other, "ru")
        other.wait_for_url(re.compile(r"/v1/elsom/"))
        for language in LANGUAGES:
            section = other.locator(f"section[lang={language}]")
            expect(section).to_contain_text(TEXTS[language].notices[Notice.CAME_BACK].title)
            expect(section).to_contain_text(TEXTS[language].do_not_pay_again)
        assert not too_wide(other)
        other.get_by_role("link", name=TEXTS["ru"].back).click()
        other.wait_for_url(f"{demo.url}/")
        expect(other.get_by_role("link", name=order)).to_be_visible()
    listed = stack.shop.call("GET", f"/payments?orderId={order}").body["items"]
    stack.wait_for(listed[0]["id"], "paid")


def test_paid_while_the_page_is_open_it_says_so_by_itself(page: Page, stack: Deployed) -> None:
    started = stack.start(language="en").body
    page.goto(result_of(stack, started["id"]))
    expect(page.locator("h1")).to_have_text("Checking your payment")
    page.evaluate("window.mark = 1")
    stack.set_status(started["id"], "A")
    stack.let_time_pass_since_the_last_query(started["id"])
    expect(page.locator("h1")).to_have_text("Payment received", timeout=60_000)
    assert page.evaluate("window.mark") == 1


def test_two_taps_on_pay_are_one_payment_at_the_shop_and_at_elsom(
    page: Page, stack: Deployed, demo: DemoShop
) -> None:
    page.goto(f"{demo.url}/?lang=en")
    page.get_by_role("button").first.dblclick()
    page.wait_for_url(AT_ELSOM)
    order = page.locator("dd").last.inner_text()
    page.get_by_label("Wallet number", exact=True).fill(WALLET)
    page.get_by_label("One-time code", exact=True).fill(CODE)
    page.get_by_role("button", name="Pay", exact=True).dblclick()
    page.wait_for_url(RESULT)
    payment_id = payment_on(page)
    expect(page.locator("body.paid")).to_be_visible(timeout=30_000)
    assert len(stack.shop.call("GET", f"/payments?orderId={order}").body["items"]) == 1
    assert len(stack.calls(payment_id, "IA_Init")) == 1
    transaction = stack.cloud.configure_sandbox("GET", f"/_sandbox/transactions/{payment_id}")
    assert transaction["timesPaid"] == 1


def test_two_taps_without_a_script_are_one_order(stack: Deployed, demo: DemoShop) -> None:
    front = requests.get(f"{demo.url}/", timeout=10).text
    key = re.findall(r'name="key" value="(\w+)"', front)[0]
    form = {"key": key, "good": "honey"}
    addresses = {_redirect(f"{demo.url}/buy?lang=ru", form) for _ in range(2)}
    assert len(addresses) == 1


def test_with_the_script_off_the_whole_way_works(
    browser: Browser, stack: Deployed, demo: DemoShop
) -> None:
    with phone(browser, java_script_enabled=False) as context:
        page = context.new_page()
        buy(page, demo, "ru")
        pay(page, "ru")
        page.wait_for_url(RESULT)
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text(TEXTS["ru"].states[State.PAID].title, timeout=60_000)
        page.get_by_role("link", name=TEXTS["ru"].back).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("DEMO-")


def test_with_the_script_off_the_open_page_renews_itself(browser: Browser, stack: Deployed) -> None:
    started = stack.start(language="ky").body
    with phone(browser, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(result_of(stack, started["id"]))
        expect(page.locator("h1")).to_have_text(TEXTS["ky"].states[State.WAITING].title)
        stack.set_status(started["id"], "A")
        stack.let_time_pass_since_the_last_query(started["id"])
        expect(page.locator("h1")).to_have_text(
            TEXTS["ky"].states[State.PAID].title, timeout=60_000
        )


def test_however_often_it_is_reloaded_elsom_is_queried_no_more_often_than_the_rule_allows(
    page: Page, stack: Deployed
) -> None:
    started = stack.start().body
    for _ in range(12):
        page.goto(result_of(stack, started["id"]))
        page.evaluate("fetch(location.pathname + '/status' + location.search)")
    eventually(lambda: len(stack.calls(started["id"], "PartnerGetPaymentStatus")) >= 2, 40)
    queried = [
        datetime.fromisoformat(call["at"])
        for call in stack.calls(started["id"], "PartnerGetPaymentStatus")
    ]
    pauses = [(later - sooner).total_seconds() for sooner, later in pairwise(queried)]
    # The claim is made a moment before the query leaves.
    assert min(pauses) > 1.5, pauses
    seven = [
        (later - first).total_seconds() for first, later in zip(queried, queried[6:], strict=False)
    ]
    assert min(seven, default=60) > 59.5, seven


# ---- refused ----


def _answer(url: str) -> tuple[int, str]:
    answer = requests.get(url, timeout=20)
    return answer.status_code, answer.text


def _redirect(url: str, form: dict[str, str] | None = None) -> str:
    method = "POST" if form else "GET"
    answer = requests.request(method, url, data=form, timeout=30, allow_redirects=False)
    return answer.headers["Location"]


def test_a_tampered_or_foreign_link_says_not_found_and_nothing_else(stack: Deployed) -> None:
    ours, other = stack.start().body["id"], stack.start().body["id"]
    api = stack.cloud.api_url
    signed = result_url(api, ours, signing_key(stack))
    signature = signed.partition("?s=")[2]
    missing = "0" * 20
    tampered = [
        f"{api}/{route}?s={wrong}"
        for route in (f"return/{ours}", f"pay/{ours}", f"return/{ours}/status")
        for wrong in ("", signature[:-1], signature[::-1], f"{signature}%00", "%D0%BF")
    ]
    foreign = [f"{api}/return/{other}?s={signature}", f"{api}/pay/{other}?s={signature}"]
    nowhere = [
        f"{api}/return/{missing}?s={signature}",
        result_url(api, missing, signing_key(stack)),
        pay_url(api, missing, signing_key(stack)),
        f"{api}/elsom/guessed",
    ]
    answers = {_answer(url) for url in (*tampered, *foreign, *nowhere)}
    assert {status for status, _ in answers} == {404}
    assert len(answers) == 1
    (_, body), *_others = answers
    assert all(f'<section lang="{language}">' in body for language in LANGUAGES)
    assert _answer(signed)[0] == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.kg@evil.kg",
        "https://shop.kg:x@evil.kg/",
        "//evil.kg",
        "https:evil.kg",
        "https://shop.kg.evil.kg/",
        "https://shop.kg%2eevil.kg/",
        "https://shop.kg%40evil.kg/",
        "https%3A%2F%2Fshop.kg%2F",
        "https://shop.kg\\@evil.kg/",
        "https://xn--hop-3ed.kg/",
        "https://ѕhop.kg/",
        "http://shop.kg/",
        "javascript:alert(1)//https://shop.kg/",
    ],
)
def test_a_return_url_that_leads_elsewhere_is_refused_at_the_start(
    stack: Deployed, url: str
) -> None:
    answer = stack.start(returnUrl=url)
    assert answer.status == 400, json.dumps(answer.body)
    assert [error["field"] for error in answer.body["errors"]] == ["returnUrl"]


def test_the_shops_own_return_url_gets_the_payment_and_the_status(
    page: Page, stack: Deployed
) -> None:
    started = stack.start(returnUrl="https://shop.kg/thanks?a=1", language="en").body
    page.goto(result_of(stack, started["id"]))
    expect(page.get_by_role("link", name="Back to the shop")).to_have_attribute(
        "href", f"https://shop.kg/thanks?a=1&paymentId={started['id']}&status=pending"
    )


# ---- for everybody ----


@pytest.mark.needs("npm")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_at_the_shop_and_at_elsom(
    page: Page, stack: Deployed, demo: DemoShop, language: str, scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"{demo.url}/?lang={language}")
    found = {"shop": faults(page)}
    buy(page, demo, language)
    found["Elsom"] = faults(page)
    assert not too_wide(page)
    page.locator("form").evaluate("form => form.noValidate = true")
    page.get_by_role("button", name=ELSOM[language]["pay"], exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    found["Elsom, wrong wallet"] = faults(page)
    at_elsom = page.url
    pay(page, language)
    page.wait_for_url(RESULT)
    page.goto(at_elsom)
    found["Elsom, ended"] = faults(page)
    page.goto(f"{demo.url}/?lang={language}")
    page.locator(".orders a").first.click()
    expect(page.locator("table").last).to_be_visible()
    found["order"] = faults(page)
    assert not too_wide(page)
    page.goto(f"{demo.url}/orders/unknown?lang={language}")
    found["no order"] = faults(page)
    assert not any(found.values()), found


@pytest.mark.needs("npm")
@pytest.mark.parametrize("path", ["/", "/transactions"])
@pytest.mark.parametrize("width", [PHONE["width"], 1280])
def test_axe_finds_nothing_in_the_sandbox(
    page: Page, stack: Deployed, path: str, width: int
) -> None:
    stack.start(customerMsisdn="0000000001")
    page.set_viewport_size({"width": width, "height": 740})
    page.goto(f"{stack.cloud.sandbox_url}{path}")
    assert faults(page) == []
    assert not too_wide(page)
    page.emulate_media(color_scheme="dark")
    assert faults(page) == []
