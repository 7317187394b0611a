"""The customer who comes back: from another browser, or before anybody here knows of the money."""

from __future__ import annotations

import pytest

from tests.failure.stack import TOKEN, Stack

pytestmark = pytest.mark.needs("java", "npm")

DO_NOT_PAY_AGAIN = {
    "ru": "Если вы уже оплатили, не платите ещё раз.",
    "en": "If you have paid, do not pay again.",
}
RESULT = "/return/{id}"
COOKIE_PAGE = "/elsom/{token}"


def signature_of(stack: Stack, trn: str) -> str:
    payment = stack.shop("GET", "/payments/{id}", trn).body
    return str(payment["checkoutUrl"].partition("?s=")[2])


def test_f16_a_customer_who_has_paid_is_told_so_and_never_to_pay_again(stack: Stack) -> None:
    trn = stack.started(language="en")
    query = {"s": signature_of(stack, trn)}
    open_page = stack.page(RESULT, {"id": trn}, query)
    assert open_page.status == 200
    assert DO_NOT_PAY_AGAIN["en"] in open_page.body
    stack.wait(11)
    stack.fault("PartnerGetPaymentStatus", "500")
    no_response = stack.page(RESULT, {"id": trn}, query)
    assert DO_NOT_PAY_AGAIN["en"] in no_response.body
    stack.wait(11)
    stack.elsom_says(trn, "A")
    paid = stack.page(f"{RESULT}/status", {"id": trn}, query)
    assert (paid.body["status"], paid.body["final"]) == ("paid", True)
    assert stack.payment(trn).timeline[-1]["queriedBy"] == "page"


def test_f16_a_customer_who_paid_after_the_time_was_over_is_told_so(stack: Stack) -> None:
    trn = stack.started(language="en")
    query = {"s": signature_of(stack, trn)}
    stack.elsom_says(trn, "2")
    stack.live(120)
    assert stack.payment(trn).status == "expired"
    stack.elsom_says(trn, "A")
    paid = stack.page(RESULT, {"id": trn}, query)
    assert "Your payment came late" in paid.body
    assert stack.payment(trn).status == "paid"


def test_f17_a_customer_who_returns_in_another_browser_needs_no_cookie(stack: Stack) -> None:
    trn = stack.started(language="ru")
    signature = signature_of(stack, trn)
    gone = stack.page("/pay/{id}", {"id": trn}, {"s": signature})
    assert gone.status == 302
    cookie = gone.headers["Set-Cookie"].partition(";")[0]
    back = stack.page(COOKIE_PAGE, {"token": TOKEN}, {}, Cookie=cookie)
    assert back.headers["Location"].endswith(f"/return/{trn}?s={signature}")
    # Another browser: neither cookie nor anything else that tells which payment it is.
    other = stack.page(COOKIE_PAGE, {"token": TOKEN}, {}, **{"Accept-Language": "ru"})
    assert other.status == 200
    assert DO_NOT_PAY_AGAIN["ru"] in other.body
    assert "https://shop.example/" in other.body
    result = stack.page(RESULT, {"id": trn}, {"s": signature})
    assert result.status == 200
    assert DO_NOT_PAY_AGAIN["ru"] in result.body
    assert stack.page(RESULT, {"id": trn}, {"s": "A" * 22}).status == 404
    assert trn not in other.body
