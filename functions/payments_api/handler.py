"""The shop's questions: payments, timelines, cases, and asking Elsom now."""

from __future__ import annotations

from typing import Any

from payments import shop_api, shop_wiring, wiring
from payments.aws import prepare
from payments.elsom.wiring import checking
from payments.http import Answer, Event, door
from payments.publish_wiring import bus
from payments.telemetry import logger, metrics

prepare("dynamodb", "secretsmanager", "sqs", "events")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@door
def lambda_handler(event: Event, _context: Any) -> Answer:
    """Event in, one call, answer out."""
    answering = shop_api.Answering(
        vault=wiring.vault(),
        checking=checking(),
        listing=shop_wiring.listing(),
        cases=shop_wiring.cases(),
        deliveries=shop_wiring.deliveries(),
        bus=bus(),
    )
    return shop_api.answer(wiring.request_of(event), answering)
