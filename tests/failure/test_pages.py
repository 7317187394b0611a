"""The customer who comes back: from another browser, or before anybody here knows of the money."""

from __future__ import annotations

import pytest

from tests.failure.house import TOKEN, House

pytestmark = pytest.mark.needs("java", "npm")

DO_NOT_PAY_AGAIN = {
    "ru": "Если вы уже оплатили, не платите ещё раз.",
    "en": "If you have paid, do not pay again.",
}
RESULT = "/return/{id}"
COOKIE_PAGE = "/elsom/{token}"


def signature_of(house: House, trn: str) -> str:
    payment = house.shop("GET", "/payments/{id}", trn).body
    return str(payment["checkoutUrl"].partition("?s=")[2])


def test_f16_a_customer_who_has_paid_is_told_so_and_never_to_pay_again(house: House) -> None:
    trn = house.started(language="en")
    query = {"s": signature_of(house, trn)}
    open_page = house.page(RESULT, {"id": trn}, query)
    assert open_page.status == 200
    assert DO_NOT_PAY_AGAIN["en"] in open_page.body
    house.wait(11)
    house.fault("PartnerGetPaymentStatus", "500")
    silent = house.page(RESULT, {"id": trn}, query)
    assert DO_NOT_PAY_AGAIN["en"] in silent.body
    house.wait(11)
    house.elsom_says(trn, "A")
    paid = house.page(f"{RESULT}/status", {"id": trn}, query)
    assert (paid.body["status"], paid.body["final"]) == ("paid", True)
    assert house.payment(trn).timeline[-1]["askedBy"] == "page"


def test_f16_a_customer_who_paid_after_the_time_was_over_is_told_so(house: House) -> None:
    trn = house.started(language="en")
    query = {"s": signature_of(house, trn)}
    house.elsom_says(trn, "2")
    house.live(120)
    assert house.payment(trn).status == "expired"
    house.elsom_says(trn, "A")
    paid = house.page(RESULT, {"id": trn}, query)
    assert "Your payment came late" in paid.body
    assert house.payment(trn).status == "paid"


def test_f17_a_customer_who_returns_in_another_browser_needs_no_cookie(house: House) -> None:
    trn = house.started(language="ru")
    signature = signature_of(house, trn)
    gone = house.page("/pay/{id}", {"id": trn}, {"s": signature})
    assert gone.status == 302
    cookie = gone.headers["Set-Cookie"].partition(";")[0]
    back = house.page(COOKIE_PAGE, {"token": TOKEN}, {}, Cookie=cookie)
    assert back.headers["Location"].endswith(f"/return/{trn}?s={signature}")
    # Another browser: neither cookie nor anything else that tells which payment it is.
    other = house.page(COOKIE_PAGE, {"token": TOKEN}, {}, **{"Accept-Language": "ru"})
    assert other.status == 200
    assert DO_NOT_PAY_AGAIN["ru"] in other.body
    assert "https://shop.example/" in other.body
    result = house.page(RESULT, {"id": trn}, {"s": signature})
    assert result.status == 200
    assert DO_NOT_PAY_AGAIN["ru"] in result.body
    assert house.page(RESULT, {"id": trn}, {"s": "A" * 22}).status == 404
    assert trn not in other.body
