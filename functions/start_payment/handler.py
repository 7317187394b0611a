"""`POST /payments`: start a payment."""

from __future__ import annotations

from functools import partial
from typing import Any

from payments import bootstrap
from payments.aws.api_gateway import LambdaEvent, Response, handle_errors, json_answer, problem_of
from payments.domain.payment import Status
from payments.domain.payment_request import parse_start
from payments.domain.views import view_payment
from payments.telemetry import logger, metrics
from payments.use_cases.start_payment import StartResult, start_payment

services = bootstrap.services()
secret = services.merchant_secret
deps = services.start_deps()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@handle_errors(partial(problem_of, has_key=True))
def lambda_handler(event: LambdaEvent, context: Any) -> Response:
    """Serve one start."""
    request = services.request_of(event)
    hosts = services.settings.allowed_return_hosts
    key, payment_request = parse_start(request.headers.get("idempotency-key"), request.body, hosts)
    # Before the start is sent: without this key there is no `checkoutUrl` to answer with.
    signing_key = secret.get().signing_key()
    started = start_payment(
        payment_request, key, lambda: context.get_remaining_time_in_millis() / 1000, deps
    )
    _log(started)
    body = view_payment(started.payment, request.base_url, signing_key)
    if started.replayed:
        return json_answer(200, body, {"Idempotency-Replayed": "true"})
    return json_answer(202 if started.payment.status is Status.START_UNKNOWN else 201, body)


def _log(started: StartResult) -> None:
    payment = started.payment
    logger.info("started", payment_id=payment.id, status=payment.status, replayed=started.replayed)
