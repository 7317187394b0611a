"""The customer's way to Elsom and back."""

from __future__ import annotations

from functools import cache
from typing import Any

from payments import wiring
from payments.aws import prepare
from payments.elsom.wiring import checking
from payments.errors import NotFound, PaymentsError
from payments.http import Answer, Event, guarded
from payments.pages import routes
from payments.pages.answers import error_page
from payments.pages.onward import Places, front_page
from payments.settings import settings
from payments.telemetry import logger, metrics

prepare("dynamodb", "secretsmanager", "sqs")


def _show_error(error: PaymentsError, _request_id: str) -> Answer:
    return error_page(error, front_page(_places()))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@guarded(_show_error)
def lambda_handler(event: Event, _context: Any) -> Answer:
    """Event in, one call, answer out."""
    request = wiring.request_of(event)
    route = _ROUTES.get(request.resource)
    if route is None:
        raise NotFound
    return route(request, _pages())


@cache
def _places() -> Places:
    ours = settings()
    return Places(
        shop_url=ours.shop_url,
        return_hosts=ours.allowed_return_hosts,
        plain_http=ours.sandbox_mode,
    )


@cache
def _pages() -> routes.Pages:
    return routes.Pages(
        payments=wiring.payments(), vault=wiring.vault(), places=_places(), checking=checking
    )


_ROUTES = {
    "/pay/{id}": routes.go_to_elsom,
    "/elsom/{token}": routes.come_back,
    "/return/{id}": routes.show_result,
    "/return/{id}/status": routes.tell_status,
}
