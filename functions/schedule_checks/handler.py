"""Every minute: send what is due to the queues of checks and of webhooks."""

from __future__ import annotations

from typing import Any

from payments import bootstrap
from payments.telemetry import Metric, count, logger, measure, metrics
from payments.use_cases.schedule_checks import send_due_checks, send_due_webhooks

services = bootstrap.services()
checks = services.schedule_deps()
webhooks = services.schedule_webhooks_deps()
cases = services.cases


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(_event: dict[str, Any], _context: Any) -> None:
    """Run one turn; after an error, the next one follows in a minute."""
    sent = send_due_checks(checks)
    count(Metric.SCHEDULE_RUN)
    measure(Metric.OLDEST_WAIT, sent.oldest_wait)
    retries = send_due_webhooks(webhooks)
    logger.info(
        "sent",
        checks=sent.checks,
        unknown=sent.unknown,
        backlog=sent.backlog,
        webhooks=retries,
    )
    # Counted last: a failure here delays no check and no webhook.
    count(Metric.OPEN_CASES, cases.count_open())
