"""`POST /elsom/{token}`: Elsom's notification, stored before it is answered."""

from __future__ import annotations

from typing import Any

from payments import bootstrap
from payments.aws.api_gateway import LambdaEvent, Response, handle_errors, json_answer, problem_of
from payments.domain.errors import NotFound, PaymentsError
from payments.elsom.protocol import notification_answer, read_notification
from payments.telemetry import Metric, count, logger, metrics
from payments.use_cases.receive_notification import ReceiveResult, receive_notification

services = bootstrap.services()
secret = services.merchant_secret
deps = services.receive_deps()

MAX_BODY_BYTES = 64 * 1024
_OF_UNKNOWN_IDS = frozenset({ReceiveResult.UNKNOWN, ReceiveResult.UNKNOWN_NOT_QUERIED})


def _answer(status: int, *, accepted: bool, message: str) -> Response:
    return json_answer(status, notification_answer(accepted=accepted, message=message))


def _refusal(error: PaymentsError, request_id: str) -> Response:
    """Never a success: a notification that was not stored must be sent again."""
    if isinstance(error, NotFound):
        return problem_of(error, request_id)
    return _answer(503, accepted=False, message="Not stored. Send it again")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@handle_errors(_refusal)
def lambda_handler(event: LambdaEvent, _context: Any) -> Response:
    """Serve one notification."""
    request = services.request_of(event)
    if not secret.knows_token(request.parameter("token")):
        count(Metric.NOTIFICATION_REFUSED)
        raise NotFound
    notification = None
    if len(request.body) <= MAX_BODY_BYTES:
        notification = read_notification(request.body)
    if notification is None:
        count(Metric.NOTIFICATION_REFUSED)
        return _answer(400, accepted=False, message="Not a PartnerPaymentResult")
    received = receive_notification(notification, request.body, request.source_ip, deps)
    count(Metric.NOTIFICATION_RECEIVED)
    if received in _OF_UNKNOWN_IDS:
        count(Metric.NOTIFICATION_UNCONFIRMED)
    if received is ReceiveResult.UNKNOWN_NOT_QUERIED:
        count(Metric.UNKNOWN_NOT_QUERIED)
    return _answer(200, accepted=True, message="Success")
