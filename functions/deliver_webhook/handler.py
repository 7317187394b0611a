"""The webhooks queue: send one event to the shop."""

from __future__ import annotations

from typing import Any

import msgspec

from payments import bootstrap
from payments.domain.errors import PaymentsError
from payments.telemetry import Metric, count, logger, metrics
from payments.use_cases.deliver_webhook import Outcome, deliver_message

deps = bootstrap.services().deliver_deps()

_COUNTED = {
    Outcome.DELIVERED: Metric.WEBHOOK_DELIVERED,
    Outcome.FAILED: Metric.WEBHOOK_FAILED,
    Outcome.GONE: Metric.WEBHOOK_FAILED,
    Outcome.DEAD_LETTERED: Metric.WEBHOOK_FAILED,
}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Serve messages; return those that must be received again."""
    failures = []
    for record in event["Records"]:
        try:
            tried = deliver_message(record["body"], deps)
        except (PaymentsError, msgspec.MsgspecError) as error:
            logger.warning("message failed", error=type(error).__name__)
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        if tried.outcome in _COUNTED:
            count(_COUNTED[tried.outcome])
        logger.info(
            "tried",
            outcome=tried.outcome,
            event_id=tried.event_id,
            tries=tried.tries,
            why=tried.why,
        )
    return {"batchItemFailures": failures}
