"""`POST /elsom/{token}`: Elsom's notification, kept before it is answered."""

from __future__ import annotations

from typing import Any

from payments import wiring
from payments.aws import prepare
from payments.elsom.wire import notification_answer, read_notification
from payments.errors import NotFound, PaymentsError
from payments.http import Answer, Event, guarded, json_answer, problem_of
from payments.moments import now_ms
from payments.notification import Received, Receiving, receive_notification
from payments.telemetry import Metric, count, logger, metrics

prepare("dynamodb", "secretsmanager", "sqs")

MAX_BODY_BYTES = 64 * 1024
_OF_UNKNOWN_IDS = frozenset({Received.UNKNOWN, Received.UNKNOWN_NOT_QUERIED})


def _answer(status: int, *, accepted: bool, message: str) -> Answer:
    return json_answer(status, notification_answer(accepted=accepted, message=message))


def _refusal(error: PaymentsError, request_id: str) -> Answer:
    """Never a false success: whatever kept us from storing it, Elsom may send it again."""
    if isinstance(error, NotFound):
        return problem_of(error, request_id)
    return _answer(503, accepted=False, message="Not stored, send again")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@guarded(_refusal)
def lambda_handler(event: Event, _context: Any) -> Answer:
    """Event in, one call, answer out."""
    request = wiring.request_of(event)
    if not wiring.vault().knows_token(request.parameter("token")):
        count(Metric.NOTIFICATION_REFUSED)
        raise NotFound
    notification = None
    if len(request.body) <= MAX_BODY_BYTES:
        notification = read_notification(request.body)
    if notification is None:
        count(Metric.NOTIFICATION_REFUSED)
        return _answer(400, accepted=False, message="Not a PartnerPaymentResult")
    receiving = Receiving(
        payments=wiring.payments(),
        inbox=wiring.inbox(),
        queue=wiring.checks_queue(),
        clock=now_ms,
    )
    received = receive_notification(notification, request.body, request.source_ip, receiving)
    count(Metric.NOTIFICATION_RECEIVED)
    if received in _OF_UNKNOWN_IDS:
        count(Metric.NOTIFICATION_UNCONFIRMED)
    if received is Received.UNKNOWN_NOT_QUERIED:
        count(Metric.UNKNOWN_NOT_QUERIED)
    return _answer(200, accepted=True, message="Success")
