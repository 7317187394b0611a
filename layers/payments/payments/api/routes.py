"""The shop's routes except the start: from a request to its response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from payments.api.bodies import parse_requested_by, parse_resolution
from payments.api.cases import list_cases, parse_case_query
from payments.api.events import list_events
from payments.api.pagination import to_cursor
from payments.api.payments import (
    Requested,
    check_now,
    get_payment,
    get_timeline,
    list_payments,
    parse_query,
    resend_last_event,
)
from payments.api.reports import make_report, parse_day
from payments.aws.api_gateway import Request, Response, json_answer
from payments.aws.event_bus import Bus
from payments.aws.merchant_secret import MerchantSecretCache
from payments.domain.errors import NotFound
from payments.domain.events import view_case
from payments.domain.payment import Payment
from payments.domain.views import PaymentView, view_payment
from payments.store.cases import Cases
from payments.store.listing import Listing
from payments.store.reports import Reports
from payments.store.webhooks import Deliveries
from payments.use_cases.query_payment import CheckDeps


class ApiDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What the routes work with. `webhooks`: the stack has a webhook URL."""

    merchant_secret: MerchantSecretCache
    checks: CheckDeps
    listing: Listing
    reports: Reports
    cases: Cases
    deliveries: Deliveries
    bus: Bus
    webhooks: bool


def answer(request: Request, deps: ApiDeps, seconds_left: Callable[[], float]) -> Response:
    """The response to a request; raise NotFound for a route that does not exist."""
    if (request.method, request.resource) == _REPORT:
        day = parse_day(request.parameter("day"))
        return json_answer(200, make_report(day, deps.reports, seconds_left))
    route = _ROUTES.get((request.method, request.resource))
    if route is None:
        raise NotFound
    return route(request, deps)


def _one(request: Request, deps: ApiDeps) -> Response:
    payment = get_payment(request.parameter("id"), deps.checks.payments)
    return json_answer(200, _view(payment, request, deps))


def _timeline(request: Request, deps: ApiDeps) -> Response:
    checks = deps.checks
    items = get_timeline(request.parameter("id"), checks.payments, checks.inbox)
    return json_answer(200, items)


def _events(request: Request, deps: ApiDeps) -> Response:
    payment = get_payment(request.parameter("id"), deps.checks.payments)
    now = deps.checks.clock()
    found = list_events(payment, deps.deliveries, webhooks=deps.webhooks, now=now)
    return json_answer(200, {"items": found})


def _check(request: Request, deps: ApiDeps) -> Response:
    payment = check_now(request.parameter("id"), deps.checks, _requested(request, deps))
    return json_answer(200, _view(payment, request, deps))


def _resend(request: Request, deps: ApiDeps) -> Response:
    requested = _requested(request, deps)
    event = resend_last_event(
        request.parameter("id"), deps.checks.payments, deps.deliveries, deps.bus, requested
    )
    return json_answer(202, event)


def _list(request: Request, deps: ApiDeps) -> Response:
    secret = deps.merchant_secret.get()
    query, limit = parse_query(request.query, deps.checks.clock(), secret.page_signing_keys)
    page = list_payments(query, limit, deps.listing)
    cursor = to_cursor(page.next_query, secret.signing_key()) if page.next_query else None
    items = [_view(payment, request, deps) for payment in page.payments]
    return json_answer(200, {"items": items, "nextCursor": cursor})


def _cases(request: Request, deps: ApiDeps) -> Response:
    secret = deps.merchant_secret.get()
    query, limit = parse_case_query(request.query, secret.page_signing_keys)
    found, next_query = list_cases(query, limit, deps.cases)
    cursor = to_cursor(next_query, secret.signing_key()) if next_query else None
    return json_answer(200, {"items": [view_case(case) for case in found], "nextCursor": cursor})


def _resolve(request: Request, deps: ApiDeps) -> Response:
    note, resolved_by = parse_resolution(request.body)
    case = deps.cases.resolve(request.parameter("id"), note, deps.checks.clock(), resolved_by)
    return json_answer(200, view_case(case))


def _requested(request: Request, deps: ApiDeps) -> Requested | None:
    by = parse_requested_by(request.body)
    return Requested(by, deps.checks.clock()) if by is not None else None


def _view(payment: Payment, request: Request, deps: ApiDeps) -> PaymentView:
    return view_payment(payment, request.base_url, deps.merchant_secret.get().signing_key())


_REPORT: Final = ("GET", "/reports/{day}")
_ROUTES: Final[Mapping[tuple[str, str], Callable[[Request, ApiDeps], Response]]] = {
    ("GET", "/payments"): _list,
    ("GET", "/payments/{id}"): _one,
    ("GET", "/payments/{id}/timeline"): _timeline,
    ("GET", "/payments/{id}/events"): _events,
    ("POST", "/payments/{id}/check"): _check,
    ("POST", "/payments/{id}/resend"): _resend,
    ("GET", "/cases"): _cases,
    ("POST", "/cases/{id}/resolve"): _resolve,
}
