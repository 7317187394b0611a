"""What the API shows of what is stored."""

import dataclasses
import json
from pathlib import Path

import msgspec
import pytest

import elsom_payments_client.types
from payments.domain.clock import MINUTE
from payments.domain.payment import FINAL, Reason, Status
from payments.domain.payment_request import PaymentRequest, parse_payment_request
from payments.domain.signed_urls import sign
from payments.domain.views import PaymentView, view_payment, view_payment_for_event, view_timeline
from payments.use_cases.start_payment import start_payment
from tests.fakes.payments import PAYMENT_ID, a_payment
from tests.fakes.world import NOW, World

EVENTS = Path(__file__).parents[2] / "events"
BASE = "https://pay.example/v1"
FIELDS = [
    "id", "status", "amount", "currency", "orderId", "language", "customerMsisdn", "cashierNo",
    "description", "metadata", "returnUrl", "checkoutUrl", "elsomTransactionId", "statusReason",
    "elsomErrorCode", "late", "sequence", "createdAt", "updatedAt", "expiresAt", "paidAt",
    "nextCheckAt",
]  # fmt: skip


def shown(status: Status) -> dict[str, object]:
    view = view_payment(a_payment(status), BASE, "key")
    document: dict[str, object] = json.loads(msgspec.json.encode(view))
    return document


@pytest.mark.parametrize("status", Status)
def test_a_payment_shows_the_contracts_fields_and_no_other(status: Status) -> None:
    document = shown(status)
    assert set(document) == set(FIELDS)
    assert (document["id"], document["status"]) == (PAYMENT_ID, status)
    assert (document["amount"], document["currency"]) == ("1500.00", "KGS")
    assert document["createdAt"] == (
        "2026-11-24T05:59:59.000Z" if status is Status.CREATED else "2026-11-24T05:50:00.000Z"
    )


def test_all_that_a_shop_may_send_is_kept_and_shown() -> None:
    body = json.loads((EVENTS / "start_payment_every_field.json").read_text())["body"]
    sent = json.loads(body)
    assert set(sent) == {field.encode_name for field in msgspec.structs.fields(PaymentRequest)}
    world = World()
    request = parse_payment_request(body.encode(), ("shop.example",))
    started = start_payment(request, "order-1", lambda: 28.0, world.starting())
    view = json.loads(msgspec.json.encode(view_payment(started.payment, BASE, "key")))
    masked = {"customerMsisdn": "0556***910"}
    assert {name: view[name] for name in sent} == sent | masked


def test_the_python_client_reads_every_field() -> None:
    read = {field.name for field in dataclasses.fields(elsom_payments_client.Payment)}
    assert read - {"document"} == set(PaymentView.__struct_fields__)


def test_the_python_client_knows_every_end() -> None:
    assert elsom_payments_client.types.FINAL == FINAL


def test_the_checkout_url_is_ours_and_signed_and_only_once_there_is_a_page() -> None:
    signature = sign("page", PAYMENT_ID, "key")
    assert shown(Status.PENDING)["checkoutUrl"] == f"{BASE}/pay/{PAYMENT_ID}?s={signature}"
    for status in (Status.CREATED, Status.START_UNKNOWN):
        assert shown(status)["checkoutUrl"] is None


def test_a_signed_link_never_enters_an_event() -> None:
    view = view_payment_for_event(a_payment())
    assert view.checkout_url is None
    assert b"s=" not in msgspec.json.encode(view)


def test_what_is_not_there_is_null() -> None:
    document = shown(Status.PAID)
    assert (document["nextCheckAt"], document["statusReason"]) == (None, None)
    assert document["paidAt"] == "2026-11-24T05:59:00.000Z"
    assert shown(Status.EXPIRED)["statusReason"] == Reason.ELSOM_2
    assert shown(Status.EXPIRED)["paidAt"] is None


def test_the_timeline_shows_steps_and_claims_in_order_of_time() -> None:
    payment = a_payment(timeline=({"at": NOW, "what": "created"}, {"at": NOW + 5, "what": "paid"}))
    notifications = [
        {"at": NOW + 3, "times": 2, "claim": {"paymentStatus": "A", "transactionId": "PSP1"}},
        {"at": NOW + MINUTE, "claim": {}},
    ]
    assert view_timeline(payment, notifications) == [
        {"at": "2026-11-24T06:00:00.000Z", "what": "created"},
        {
            "at": "2026-11-24T06:00:00.003Z",
            "what": "notification",
            "claimedStatus": "A",
            "elsomTransactionId": "PSP1",
            "times": 2,
        },
        {"at": "2026-11-24T06:00:00.005Z", "what": "paid"},
        {"at": "2026-11-24T06:01:00.000Z", "what": "notification", "times": 1},
    ]
