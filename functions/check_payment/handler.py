"""The checks queue: query Elsom about one payment, and store the answer."""

from __future__ import annotations

from typing import Any

import msgspec

from payments import bootstrap
from payments.aws.queues import CheckRequest
from payments.domain.errors import PaymentsError
from payments.domain.ids import is_id
from payments.domain.query_rule import FOLLOW_UPS
from payments.telemetry import Metric, count, logger, metrics
from payments.use_cases.check_payment import check_from_queue
from payments.use_cases.check_unknown_id import note_unknown, query_unknown_id
from payments.use_cases.query_payment import CheckResult, Result

deps = bootstrap.services().check_deps()

_UNKNOWN = CheckResult(Result.UNKNOWN_ID)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Serve messages; return those that must be received again."""
    failures = []
    for record in event["Records"]:
        try:
            _log(_serve(record))
        except PaymentsError as error:
            logger.warning("message failed", error=type(error).__name__, detail=str(error))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _serve(record: dict[str, Any]) -> CheckResult:
    request = msgspec.json.decode(record["body"], type=CheckRequest)
    if request.reason == "unknown":
        query_unknown_id(request.id, deps)
        return _UNKNOWN
    checked = check_from_queue(request, deps)
    if checked.result is Result.UNKNOWN_ID:
        note_unknown(request.id, deps)
    if _is_unconfirmed(request, checked):
        count(Metric.NOTIFICATION_UNCONFIRMED)
    return checked


def _is_unconfirmed(request: CheckRequest, checked: CheckResult) -> bool:
    """Whether a notification named no payment of ours, or one that Elsom still calls open."""
    if checked.result is Result.UNKNOWN_ID:
        return is_id(request.id)
    payment = checked.payment
    last = request.step == len(FOLLOW_UPS) and checked.result is Result.ANSWERED
    return last and payment is not None and payment.is_open


def _log(checked: CheckResult) -> None:
    payment = checked.payment
    logger.info(
        "checked",
        result=checked.result,
        payment_id=payment.id if payment else None,
        status=payment.status if payment else None,
    )
