"""The shop's questions: payments, their timelines, and asking Elsom now."""

from __future__ import annotations

from typing import Any

from payments import answer_shop, wiring
from payments.elsom.wiring import checking
from payments.errors import NotFound
from payments.http import Answer, Event, Request, door, json_answer
from payments.list_payments import list_payments, parse_query, to_cursor
from payments.model import Payment
from payments.moments import now_ms
from payments.telemetry import logger, metrics
from payments.views import PaymentView, view_payment


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@door
def lambda_handler(event: Event, _context: Any) -> Answer:
    """Event in, one call, answer out."""
    request = wiring.request_of(event)
    route = _ROUTES.get((request.method, request.resource))
    if route is None:
        raise NotFound
    return route(request)


def _one(request: Request) -> Answer:
    payment = answer_shop.get_payment(request.parameter("id"), wiring.payments())
    return json_answer(200, _view(payment, request))


def _timeline(request: Request) -> Answer:
    answer = answer_shop.get_timeline(request.parameter("id"), wiring.payments(), wiring.inbox())
    return json_answer(200, answer)


def _check(request: Request) -> Answer:
    payment = answer_shop.check_now(request.parameter("id"), checking())
    return json_answer(200, _view(payment, request))


def _list(request: Request) -> Answer:
    secret = wiring.vault().get()
    query, limit = parse_query(request.query, now_ms(), secret.page_signing_keys)
    page = list_payments(query, limit, wiring.listing())
    cursor = to_cursor(page.next_query, secret.signing_key()) if page.next_query else None
    items = [_view(payment, request) for payment in page.payments]
    return json_answer(200, {"items": items, "nextCursor": cursor})


def _view(payment: Payment, request: Request) -> PaymentView:
    return view_payment(payment, request.base_url, wiring.vault().get().signing_key())


_ROUTES = {
    ("GET", "/payments"): _list,
    ("GET", "/payments/{id}"): _one,
    ("GET", "/payments/{id}/timeline"): _timeline,
    ("POST", "/payments/{id}/check"): _check,
}
