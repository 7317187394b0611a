"""`POST /payments`: start a payment."""

from __future__ import annotations

from typing import Any

from payments import wiring
from payments.aws import prepare
from payments.elsom.wiring import elsom
from payments.http import Answer, Event, door, json_answer
from payments.model import Status
from payments.moments import now_ms
from payments.settings import settings
from payments.shop_requests import parse_start
from payments.start import Started, Starting, start_payment
from payments.telemetry import logger, metrics
from payments.views import view_payment

prepare("dynamodb", "secretsmanager")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@door
def lambda_handler(event: Event, context: Any) -> Answer:
    """Event in, one call, answer out."""
    request = wiring.request_of(event)
    hosts = settings().allowed_return_hosts
    key, wanted = parse_start(request.headers.get("idempotency-key"), request.body, hosts)
    secret = wiring.vault().get()
    signing_key = secret.signing_key()
    starting = Starting(
        payments=wiring.payments(),
        elsom=elsom(),
        merchant=secret.elsom,
        policy=settings().policy,
        clock=now_ms,
        stack_id=settings().stack_id,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        signing_keys=tuple(filter(None, secret.page_signing_keys)),
    )
    started = start_payment(wanted, key, starting)
    _tell(started)
    body = view_payment(started.payment, request.base_url, signing_key)
    if started.replayed:
        return json_answer(200, body, {"Idempotency-Replayed": "true"})
    return json_answer(202 if started.payment.status is Status.START_UNKNOWN else 201, body)


def _tell(started: Started) -> None:
    payment = started.payment
    logger.info("started", payment_id=payment.id, status=payment.status, replay=started.replayed)
