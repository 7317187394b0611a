"""The webhooks queue: send one event to the shop."""

from __future__ import annotations

from typing import Any

import msgspec

from payments.deliver import deliver_message
from payments.errors import PaymentsError
from payments.telemetry import MetricUnit, logger, metrics
from payments.webhook_wiring import delivering


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Messages in, those that have to come again out."""
    failures = []
    for record in event["Records"]:
        try:
            tried = deliver_message(record["body"], delivering())
        except (PaymentsError, msgspec.MsgspecError) as error:
            logger.warning("comes again", error=type(error).__name__)
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        metrics.add_metric(f"Webhook-{tried.outcome}", MetricUnit.Count, 1)
        logger.info(
            "tried",
            outcome=tried.outcome,
            event_id=tried.event_id,
            tries=tried.tries,
            why=tried.why,
        )
    return {"batchItemFailures": failures}
