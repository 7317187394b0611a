"""The customer's way to Elsom and back."""

from __future__ import annotations

from typing import Any

from payments import pages, wiring
from payments.elsom.wiring import checking
from payments.errors import NotFound
from payments.http import Answer, Event, Request, door, json_answer
from payments.settings import settings
from payments.telemetry import logger, metrics


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@door
def lambda_handler(event: Event, _context: Any) -> Answer:
    """Event in, one call, answer out."""
    request = wiring.request_of(event)
    route = _ROUTES.get(request.resource)
    if route is None:
        raise NotFound
    return route(request)


def _pay(request: Request) -> Answer:
    return pages.go_to_elsom(request, wiring.payments(), wiring.vault())


def _come_back(request: Request) -> Answer:
    return pages.come_back(request, wiring.vault(), settings().shop_url)


def _result(request: Request) -> Answer:
    return pages.show_result(request, wiring.vault(), checking())


def _status(request: Request) -> Answer:
    return json_answer(200, pages.tell_status(request, wiring.vault(), checking()))


_ROUTES = {
    "/pay/{id}": _pay,
    "/elsom/{token}": _come_back,
    "/return/{id}": _result,
    "/return/{id}/status": _status,
}
