"""The customer's pages: on to Elsom, back from Elsom, and how the payment stands."""

from __future__ import annotations

import html
from typing import Final

from payments.check import Checking, check_payment
from payments.errors import NotFound, PaymentsError
from payments.http import Answer, Request
from payments.links import result_url, sign
from payments.merchant import MerchantVault
from payments.model import OPEN, Asker, Payment, Status
from payments.moments import now_ms
from payments.money import Tyiyn, format_som
from payments.store.payments import Payments

COOKIE: Final = "elsom_payment"
_COOKIE_SECONDS: Final = 86_400
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
}


def go_to_elsom(request: Request, payments: Payments, vault: MerchantVault) -> Answer:
    """`GET /pay/{id}`: remember the payment in a cookie, send the customer on."""
    payment = _payment_of(request, payments, vault)
    key = vault.get().signing_key()
    closed = payment.status not in OPEN or now_ms() >= payment.expires_at
    if closed or payment.elsom_url is None:
        return _redirect(result_url(request.base_url, payment.id, key))
    cookie = (
        f"{COOKIE}={payment.id}.{sign('page', payment.id, key)}; Path=/; "
        f"Max-Age={_COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax"
    )
    return _redirect(payment.elsom_url, {"Set-Cookie": cookie})


def come_back(request: Request, vault: MerchantVault, shop_url: str) -> Answer:
    """`GET /elsom/{token}`: the customer returns from Elsom, perhaps in another browser."""
    if not vault.knows_token(request.parameter("token")):
        raise NotFound
    payment_id, _, signature = request.cookies.get(COOKIE, "").partition(".")
    if payment_id and vault.verifies_page(payment_id, signature):
        key = vault.get().signing_key()
        return _redirect(result_url(request.base_url, payment_id, key))
    link = (
        f'<p><a href="{html.escape(shop_url)}">{html.escape(shop_url)}</a></p>' if shop_url else ""
    )
    return _page("Если вы уже оплатили, не платите ещё раз. Магазин узнает об оплате сам." + link)


def show_result(request: Request, vault: MerchantVault, checking: Checking) -> Answer:
    """`GET /return/{id}`: how the payment stands; asks Elsom while it is open."""
    payment = _asked(_payment_of(request, checking.payments, vault), checking)
    money = format_som(Tyiyn(payment.amount))
    waiting = " Если вы уже оплатили, не платите ещё раз." if payment.status in OPEN else ""
    return _page(f"{html.escape(payment.order_id)}: {money} KGS: {payment.status}.{waiting}")


def tell_status(request: Request, vault: MerchantVault, checking: Checking) -> dict[str, object]:
    """`GET /return/{id}/status`: for the page's own script."""
    payment = _asked(_payment_of(request, checking.payments, vault), checking)
    return {
        "status": payment.status,
        "final": payment.status not in OPEN,
        "returnUrl": payment.return_url,
    }


def _payment_of(request: Request, payments: Payments, vault: MerchantVault) -> Payment:
    payment_id = request.parameter("id")
    if not vault.verifies_page(payment_id, request.query.get("s", "")):
        raise NotFound
    payment = payments.get(payment_id)
    if payment is None:
        raise NotFound
    return payment


def _asked(payment: Payment, checking: Checking) -> Payment:
    """The payment after asking Elsom unless it is paid; else as it is stored."""
    if payment.status is Status.PAID:
        return payment
    try:
        return check_payment(payment.id, Asker.PAGE, checking).payment or payment
    except PaymentsError:
        return payment


def _redirect(url: str, more: dict[str, str] | None = None) -> Answer:
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return {"statusCode": 302, "headers": {**headers, **(more or {})}, "body": ""}


def _page(text: str) -> Answer:
    body = f'<!doctype html><html lang="ru"><meta charset="utf-8"><title>Elsom</title>{text}</html>'
    headers = {**_HEADERS, "Content-Type": "text/html; charset=utf-8"}
    return {"statusCode": 200, "headers": headers, "body": body}
