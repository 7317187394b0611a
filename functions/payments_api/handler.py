"""The shop's routes except the start: payments, timelines, checks, events, cases."""

from __future__ import annotations

from typing import Any

from payments import bootstrap
from payments.api import routes
from payments.aws.api_gateway import LambdaEvent, Response, handle_errors, problem_of
from payments.telemetry import logger, metrics

services = bootstrap.services()
deps = services.api_deps()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@handle_errors(problem_of)
def lambda_handler(event: LambdaEvent, context: Any) -> Response:
    """Serve one request."""
    return routes.answer(
        services.request_of(event),
        deps,
        lambda: context.get_remaining_time_in_millis() / 1000,
    )
