"""Client of the Elsom Payments API for shops.

api = ElsomPayments("https://…/v1")
payment = api.start("1500.00", order_id="A-1001", idempotency_key="order-A-1001")
redirect_customer_to(payment.checkout_url)
"""

from elsom_payments_client.client import ElsomPayments
from elsom_payments_client.errors import (
    ApiError,
    ApiUnreachable,
    ElsomPaymentsError,
    ElsomRefused,
    ElsomUnreachable,
    GatewayError,
    IdempotencyKeyReused,
    InternalError,
    InvalidRequest,
    NotConfigured,
    NotFound,
    ReportTooLarge,
    StartInProgress,
    StateConflict,
    StillOpen,
    TryAgain,
)
from elsom_payments_client.signing import Signature
from elsom_payments_client.types import Case, Event, Page, Payment, Report, SentEvent, Total
from elsom_payments_client.webhooks import MalformedSecret, WrongSignature, verify_webhook

# The bundle's, since both are released together: a test holds them equal.
__version__ = "1.0.0"

__all__ = [
    "ApiError",
    "ApiUnreachable",
    "Case",
    "ElsomPayments",
    "ElsomPaymentsError",
    "ElsomRefused",
    "ElsomUnreachable",
    "Event",
    "GatewayError",
    "IdempotencyKeyReused",
    "InternalError",
    "InvalidRequest",
    "MalformedSecret",
    "NotConfigured",
    "NotFound",
    "Page",
    "Payment",
    "Report",
    "ReportTooLarge",
    "SentEvent",
    "Signature",
    "StartInProgress",
    "StateConflict",
    "StillOpen",
    "Total",
    "TryAgain",
    "WrongSignature",
    "verify_webhook",
]
