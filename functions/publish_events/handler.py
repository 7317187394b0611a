"""The table's stream: events on the bus, and cases for a person."""

from __future__ import annotations

from typing import Any

from payments.aws import prepare
from payments.cases import CaseKind
from payments.measures import changes_of
from payments.publish import publish_records
from payments.publish_wiring import publishing
from payments.telemetry import Metric, count, logger, metrics

prepare("dynamodb", "events", "sqs")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: Any) -> None:
    """A batch of records in; an error is raised, and the whole batch comes again."""
    published = publish_records(event["Records"], publishing())
    for metric, number in changes_of(event["Records"]):
        count(metric, number)
    for case in published.cases:
        count(Metric.CASE_OPENED)
        if case.case_kind is CaseKind.DISAGREEMENT:
            count(Metric.DISAGREEMENT)
        logger.warning("case", case_id=case.id, kind=case.case_kind, payment_id=case.payment_id)
    if published.aside:
        count(Metric.RECORD_SET_ASIDE, published.aside)
        logger.error("records set aside", count=published.aside)
    logger.info("published", events=published.events)
