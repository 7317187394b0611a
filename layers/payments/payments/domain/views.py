"""How the API and events show a payment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from payments.domain.clock import to_rfc3339
from payments.domain.money import Tyiyn, format_som
from payments.domain.payment import Payment, Status
from payments.domain.signed_urls import pay_url

CURRENCY: Final = "KGS"
SequenceNumber = Annotated[
    int,
    Meta(
        ge=1,
        description="Rises with every change: the larger of the one before plus one and the time in"
        " epoch milliseconds, so that it also rises after a restore. Needs 64 bits.",
        extra_json_schema={"format": "int64"},
    ),
]


class PaymentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A payment as the API shows it. Money in som, times in RFC 3339 UTC."""

    id: str
    status: Status
    amount: str
    currency: str
    order_id: str
    language: str
    customer_msisdn: str | None
    cashier_no: str | None
    description: str | None
    metadata: dict[str, str] | None
    return_url: str | None
    checkout_url: str | None
    elsom_transaction_id: str | None
    status_reason: str | None
    elsom_error_code: str | None
    late: bool
    sequence: SequenceNumber
    created_at: str
    updated_at: str
    expires_at: str
    paid_at: str | None
    next_check_at: str | None


def view_payment(payment: Payment, base_url: str, signing_key: str) -> PaymentView:
    """The payment with its `checkoutUrl`, as the API shows it."""
    url = pay_url(base_url, payment.id, signing_key) if payment.elsom_url else None
    return _view(payment, url)


def view_payment_for_event(payment: Payment) -> PaymentView:
    """The payment as events show it, without `checkoutUrl`: no event holds a signed URL."""
    return _view(payment, None)


def view_timeline(
    payment: Payment, notifications: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Everything that happened, oldest first; what notifications claim has names of its own."""
    entries = [*payment.timeline, *map(_notification_entry, notifications)]
    entries.sort(key=lambda entry: entry["at"])
    return [_timeline_entry(entry) for entry in entries]


def _timeline_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: to_rfc3339(entry[name]) for name in ("at", "lastAt") if name in entry}
    return {**entry, **times}


def _notification_entry(item: Mapping[str, Any]) -> dict[str, Any]:
    claim = item.get("claim", {})
    entry = {
        "at": item["at"],
        "what": "notification",
        "claimedStatus": claim.get("paymentStatus"),
        "elsomTransactionId": claim.get("transactionId"),
        "times": item.get("times", 1),
    }
    return {name: value for name, value in entry.items() if value is not None}


def _view(payment: Payment, checkout_url: str | None) -> PaymentView:
    return PaymentView(
        id=payment.id,
        status=payment.status,
        amount=format_som(Tyiyn(payment.amount)),
        currency=CURRENCY,
        order_id=payment.order_id,
        language=payment.language,
        customer_msisdn=payment.customer_msisdn,
        cashier_no=payment.cashier_no,
        description=payment.description,
        metadata=payment.metadata,
        return_url=payment.return_url,
        checkout_url=checkout_url,
        elsom_transaction_id=payment.elsom_transaction_id,
        status_reason=payment.status_reason,
        elsom_error_code=payment.elsom_error_code,
        late=payment.late,
        sequence=payment.sequence,
        created_at=to_rfc3339(payment.created_at),
        updated_at=to_rfc3339(payment.updated_at),
        expires_at=to_rfc3339(payment.expires_at),
        paid_at=_moment(payment.paid_at),
        next_check_at=_moment(payment.next_check_at),
    )


def _moment(moment: int | None) -> str | None:
    return to_rfc3339(moment) if moment is not None else None
