"""Every minute: send what is due to the queues of checks and of webhooks."""

from __future__ import annotations

from typing import Any

from payments import wiring
from payments.due import Sending, SendingWebhooks, send_due_checks, send_due_webhooks
from payments.moments import now_ms
from payments.settings import settings
from payments.telemetry import MetricUnit, logger, metrics


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], _context: Any) -> None:
    """One turn; an error is raised, and the next minute tries again."""
    sending = Sending(
        schedule=wiring.schedule(),
        queue=wiring.checks_queue(),
        clock=now_ms,
        concurrency=settings().elsom_max_concurrency,
    )
    sent = send_due_checks(sending)
    metrics.add_metric("ScheduleRun", MetricUnit.Count, 1)
    metrics.add_metric("ChecksSent", MetricUnit.Count, sent.checks)
    metrics.add_metric("OldestDueWait", MetricUnit.Milliseconds, sent.oldest_wait)
    logger.info("sent", checks=sent.checks, unknown=sent.unknown, backlog=sent.backlog)
    sending_webhooks = SendingWebhooks(
        deliveries=wiring.deliveries(), queue=wiring.webhooks_queue(), clock=now_ms
    )
    retries = send_due_webhooks(sending_webhooks)
    metrics.add_metric("WebhookRetriesSent", MetricUnit.Count, retries)
