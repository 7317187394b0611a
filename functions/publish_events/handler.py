"""The table's stream: publish events on the bus, and open cases."""

from __future__ import annotations

from typing import Any

from payments import bootstrap
from payments.domain.cases import CaseKind
from payments.telemetry import Metric, count, logger, metrics
from payments.use_cases.publish_events import publish_records
from payments.use_cases.stream_metrics import changes_of

deps = bootstrap.services().publish_deps()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: Any) -> None:
    """Publish a batch of records; after an error Lambda sends the whole batch again."""
    published = publish_records(event["Records"], deps)
    for metric, number in changes_of(event["Records"]):
        count(metric, number)
    for case in published.cases:
        count(Metric.CASE_OPENED)
        if case.case_kind is CaseKind.DISAGREEMENT:
            count(Metric.DISAGREEMENT)
        logger.warning(
            "case opened", case_id=case.id, kind=case.case_kind, payment_id=case.payment_id
        )
    if published.unpublished:
        count(Metric.RECORD_UNPUBLISHED, published.unpublished)
        logger.error("unpublished records", count=published.unpublished)
    logger.info("published", events=published.events)
