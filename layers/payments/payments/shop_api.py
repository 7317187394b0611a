"""The shop's routes but the start: which question is asked, and how it is answered in HTTP."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from payments import answer_shop
from payments.bus import Bus
from payments.check import Checking
from payments.errors import NotFound
from payments.events import view_case
from payments.http import Answer, Request, json_answer
from payments.list_cases import list_cases, parse_case_query, parse_resolution
from payments.list_payments import list_payments, parse_query, to_cursor
from payments.merchant import MerchantVault
from payments.model import Payment
from payments.store.cases import Cases
from payments.store.listing import Listing
from payments.store.webhooks import Deliveries
from payments.views import PaymentView, view_payment


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """What the answers are made from."""

    vault: MerchantVault
    checking: Checking
    listing: Listing
    cases: Cases
    deliveries: Deliveries
    bus: Bus


def answer(request: Request, deps: Answering) -> Answer:
    """The answer to one request; raise NotFound for a route that does not exist."""
    route = _ROUTES.get((request.method, request.resource))
    if route is None:
        raise NotFound
    return route(request, deps)


def _one(request: Request, deps: Answering) -> Answer:
    payment = answer_shop.get_payment(request.parameter("id"), deps.checking.payments)
    return json_answer(200, _view(payment, request, deps))


def _timeline(request: Request, deps: Answering) -> Answer:
    checking = deps.checking
    items = answer_shop.get_timeline(request.parameter("id"), checking.payments, checking.inbox)
    return json_answer(200, items)


def _check(request: Request, deps: Answering) -> Answer:
    payment = answer_shop.check_now(request.parameter("id"), deps.checking)
    return json_answer(200, _view(payment, request, deps))


def _resend(request: Request, deps: Answering) -> Answer:
    told = answer_shop.resend_last_event(
        request.parameter("id"), deps.checking.payments, deps.deliveries, deps.bus
    )
    return json_answer(202, told)


def _list(request: Request, deps: Answering) -> Answer:
    secret = deps.vault.get()
    query, limit = parse_query(request.query, deps.checking.clock(), secret.page_signing_keys)
    page = list_payments(query, limit, deps.listing)
    cursor = to_cursor(page.next_query, secret.signing_key()) if page.next_query else None
    items = [_view(payment, request, deps) for payment in page.payments]
    return json_answer(200, {"items": items, "nextCursor": cursor})


def _cases(request: Request, deps: Answering) -> Answer:
    secret = deps.vault.get()
    query, limit = parse_case_query(request.query, secret.page_signing_keys)
    found, next_query = list_cases(query, limit, deps.cases)
    cursor = to_cursor(next_query, secret.signing_key()) if next_query else None
    return json_answer(200, {"items": [view_case(case) for case in found], "nextCursor": cursor})


def _resolve(request: Request, deps: Answering) -> Answer:
    note = parse_resolution(request.body)
    case = deps.cases.resolve(request.parameter("id"), note, deps.checking.clock())
    return json_answer(200, view_case(case))


def _view(payment: Payment, request: Request, deps: Answering) -> PaymentView:
    return view_payment(payment, request.base_url, deps.vault.get().signing_key())


_ROUTES: Final[Mapping[tuple[str, str], Callable[[Request, Answering], Answer]]] = {
    ("GET", "/payments"): _list,
    ("GET", "/payments/{id}"): _one,
    ("GET", "/payments/{id}/timeline"): _timeline,
    ("POST", "/payments/{id}/check"): _check,
    ("POST", "/payments/{id}/resend"): _resend,
    ("GET", "/cases"): _cases,
    ("POST", "/cases/{id}/resolve"): _resolve,
}
