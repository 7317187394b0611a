"""The customer's pages: on to Elsom, and back from it."""

from __future__ import annotations

from typing import Any

from payments import bootstrap
from payments.aws.api_gateway import LambdaEvent, Response, handle_errors
from payments.domain.errors import NotFound, PaymentsError
from payments.pages import routes
from payments.pages.destinations import front_page
from payments.pages.responses import error_page
from payments.telemetry import logger, metrics

services = bootstrap.services()
deps = services.page_deps()


def _show_error(error: PaymentsError, _request_id: str) -> Response:
    return error_page(error, front_page(deps.places))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@handle_errors(_show_error)
def lambda_handler(event: LambdaEvent, _context: Any) -> Response:
    """Serve one request."""
    request = services.request_of(event)
    route = _ROUTES.get(request.resource)
    if route is None:
        raise NotFound
    return route(request, deps)


_ROUTES = {
    "/pay/{id}": routes.redirect_to_elsom,
    "/elsom/{token}": routes.handle_return,
    "/return/{id}": routes.show_result,
    "/return/{id}/status": routes.show_status,
}
