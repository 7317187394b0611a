"""The shop's questions: payments, timelines, cases, and asking Elsom now."""

from __future__ import annotations

from typing import Any

from payments import shop_api, wiring
from payments.elsom.wiring import checking
from payments.http import Answer, Event, door
from payments.telemetry import logger, metrics


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@door
def lambda_handler(event: Event, _context: Any) -> Answer:
    """Event in, one call, answer out."""
    answering = shop_api.Answering(
        vault=wiring.vault(),
        checking=checking(),
        listing=wiring.listing(),
        cases=wiring.cases(),
        deliveries=wiring.deliveries(),
        bus=wiring.bus(),
    )
    return shop_api.answer(wiring.request_of(event), answering)
