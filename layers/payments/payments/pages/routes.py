"""The customer's routes: on to Elsom, back from it, and the result page."""

from __future__ import annotations

from typing import Final

import msgspec

from payments.aws.api_gateway import Request, Response, json_answer
from payments.aws.merchant_secret import MerchantSecretCache
from payments.domain.clock import Clock, now_ms
from payments.domain.errors import NotFound, PaymentsError
from payments.domain.payment import OPEN, Payment, Status
from payments.domain.signed_urls import pay_url, result_url, sign
from payments.pages.destinations import Places, back_to_shop, elsom_page, front_page
from payments.pages.html import TURNS, PageUrls, notice_page, result_page
from payments.pages.responses import HEADERS, page, redirect
from payments.pages.state import shown_status
from payments.pages.texts import Notice, preferred_language
from payments.store.payments import Payments
from payments.use_cases.check_payment import check_for_page, poll_for_page
from payments.use_cases.query_payment import CheckDeps

COOKIE: Final = "elsom_payment"
_COOKIE_SECONDS: Final = 86_400


class PageDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What the pages work with."""

    payments: Payments
    merchant_secret: MerchantSecretCache
    places: Places
    checks: CheckDeps
    clock: Clock = now_ms


def redirect_to_elsom(request: Request, pages: PageDeps) -> Response:
    """`GET /pay/{id}`: set the cookie with the payment, and redirect the customer to Elsom.

    A payment that can no longer be paid, or has no page at Elsom, redirects to its result page.
    """
    payment = _payment_of(request, pages)
    key = pages.merchant_secret.get().signing_key()
    url = _way_to_pay(payment, pages)
    if url is None:
        return redirect(result_url(request.base_url, payment.id, key))
    cookie = (
        f"{COOKIE}={payment.id}.{sign('page', payment.id, key)}; Path=/; "
        f"Max-Age={_COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Lax"
    )
    return redirect(url, {"Set-Cookie": cookie})


def handle_return(request: Request, pages: PageDeps) -> Response:
    """`GET /elsom/{token}`: the customer returns from Elsom, maybe in a browser without cookie."""
    token = request.parameter("token")
    if not (token.isascii() and pages.merchant_secret.knows_token(token)):
        raise NotFound
    payment_id, _, signature = request.cookies.get(COOKIE, "").partition(".")
    if _is_signed(payment_id, signature, pages):
        key = pages.merchant_secret.get().signing_key()
        return redirect(result_url(request.base_url, payment_id, key))
    first = preferred_language(request.headers.get("accept-language", ""))
    return page(200, notice_page(Notice.CAME_BACK, front_page(pages.places), first=first))


def show_result(request: Request, pages: PageDeps) -> Response:
    """`GET /return/{id}`: show the payment's state. Unless it is paid, this triggers a query."""
    payment = _returned(_payment_of(request, pages), pages)
    signature = sign("page", payment.id, pages.merchant_secret.get().signing_key())
    urls = PageUrls(
        here=f"?s={signature}",
        elsom=_pay_url(request, payment, pages),
        shop=back_to_shop(payment, pages.places),
    )
    return page(200, result_page(payment, urls, _turn(request)))


def show_status(request: Request, pages: PageDeps) -> Response:
    """`GET /return/{id}/status`: the state, for the page's script."""
    payment = _polled(_payment_of(request, pages), pages)
    body = {
        "status": shown_status(payment),
        "final": payment.status not in OPEN,
        "returnUrl": back_to_shop(payment, pages.places),
    }
    return json_answer(200, body, HEADERS)


def _payment_of(request: Request, pages: PageDeps) -> Payment:
    """The payment of a signed URL; a wrong signature is answered like an unknown payment."""
    payment_id = request.parameter("id")
    if not _is_signed(payment_id, request.query.get("s", ""), pages):
        raise NotFound
    payment = pages.payments.get(payment_id)
    if payment is None:
        raise NotFound
    return payment


def _is_signed(payment_id: str, signature: str, pages: PageDeps) -> bool:
    """Whether we made this signature. A browser may send any bytes."""
    if not (signature and f"{payment_id}{signature}".isascii()):
        return False
    return pages.merchant_secret.verifies_page(payment_id, signature)


def _returned(payment: Payment, pages: PageDeps) -> Payment:
    """The payment after the customer's return; as it is stored when Elsom cannot be queried."""
    if payment.status is Status.PAID:
        return payment
    try:
        return check_for_page(payment.id, pages.checks) or payment
    except PaymentsError:
        return payment


def _polled(payment: Payment, pages: PageDeps) -> Payment:
    """The payment as it is now; Elsom is queried if it was not queried lately."""
    if payment.status is Status.PAID:
        return payment
    try:
        return poll_for_page(payment, pages.checks)
    except PaymentsError:
        return payment


def _way_to_pay(payment: Payment, pages: PageDeps) -> str | None:
    """The URL of Elsom's page, while the payment can be paid there."""
    if payment.status not in OPEN or pages.clock() >= payment.expires_at:
        return None
    return elsom_page(payment, pages.places)


def _pay_url(request: Request, payment: Payment, pages: PageDeps) -> str | None:
    if _way_to_pay(payment, pages) is None:
        return None
    return pay_url(request.base_url, payment.id, pages.merchant_secret.get().signing_key())


def _turn(request: Request) -> int:
    """How often a page without a script has reloaded itself; 0 for anything unreadable."""
    text = request.query.get("n", "")
    return min(int(text), len(TURNS)) if text.isascii() and text.isdigit() and len(text) < 4 else 0
