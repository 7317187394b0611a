"""Every minute: send what is due to the queues of checks and of webhooks."""

from __future__ import annotations

from typing import Any

from payments import shop_wiring, wiring
from payments.aws import prepare
from payments.due import Sending, SendingWebhooks, send_due_checks, send_due_webhooks
from payments.moments import now_ms
from payments.settings import settings
from payments.telemetry import Metric, count, logger, measure, metrics

prepare("dynamodb", "sqs")


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
    count(Metric.SCHEDULE_RUN)
    measure(Metric.OLDEST_WAIT, sent.oldest_wait)
    sending_webhooks = SendingWebhooks(
        deliveries=shop_wiring.deliveries(), queue=shop_wiring.webhooks_queue(), clock=now_ms
    )
    retries = send_due_webhooks(sending_webhooks)
    logger.info(
        "sent",
        checks=sent.checks,
        unknown=sent.unknown,
        backlog=sent.backlog,
        webhooks=retries,
    )
    # Last, since nothing waits for it.
    count(Metric.OPEN_CASES, shop_wiring.cases().count_open())
