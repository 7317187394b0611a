"""The table's stream: events on the bus, and cases for a person."""

from __future__ import annotations

from typing import Any

from payments.publish import publish_records
from payments.publish_wiring import publishing
from payments.telemetry import MetricUnit, logger, metrics


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: Any) -> None:
    """A batch of records in; an error is raised, and the whole batch comes again."""
    published = publish_records(event["Records"], publishing())
    metrics.add_metric("EventsPublished", MetricUnit.Count, published.events)
    for case in published.cases:
        metrics.add_metric(f"Case-{case.case_kind}", MetricUnit.Count, 1)
        logger.warning("case", case_id=case.id, kind=case.case_kind, payment_id=case.payment_id)
    if published.aside:
        metrics.add_metric("RecordsSetAside", MetricUnit.Count, published.aside)
        logger.error("records set aside", count=published.aside)
    logger.info("published", events=published.events)
