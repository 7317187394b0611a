"""The shop's Python client against the deployed stack, method by method."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.credentials import Credentials

from elsom_payments_client import (
    ApiError,
    ElsomPayments,
    ElsomRefused,
    IdempotencyKeyReused,
    InvalidRequest,
    NotFound,
    verify_webhook,
)
from tests.deployed import Deployed, eventually
from tests.e2e.command_line import a_case
from tests.receiver import Receiver
from tools.local.servers import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

REFUSED = "0000000010"


def client(stack: Deployed, key: str = ACCESS_KEY_ID, **more: Any) -> ElsomPayments:
    keys = Credentials(key, SECRET_ACCESS_KEY)
    return ElsomPayments(stack.outputs["ApiUrl"], region=REGION, credentials=keys, **more)


@pytest.fixture(scope="module")
def api(stack: Deployed) -> ElsomPayments:
    return client(stack)


def test_a_payment_is_started_read_checked_waited_for_and_listed(
    stack: Deployed, api: ElsomPayments, receiver: Receiver
) -> None:
    order, key = f"PY {uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    payment = api.start("1500.00", order, idempotency_key=key, metadata={"cart": "7"})
    assert (payment.status, payment.amount, payment.metadata) == (
        "pending",
        "1500.00",
        {"cart": "7"},
    )
    assert payment.checkout_url
    again = api.start("1500.00", order, idempotency_key=key, metadata={"cart": "7"})
    assert again.id == payment.id
    assert api.get(payment.id).order_id == order
    stack.set_status(payment.id, "A", notify=True)
    paid = api.wait(payment.id, timeout=60, interval=0.2)
    assert (paid.status, paid.late) == ("paid", False)
    assert api.check(payment.id).paid_at == paid.paid_at
    assert [one.id for one in api.list(order_id=order)] == [payment.id]
    assert api.timeline(payment.id)[0]["what"] == "created"
    assert api.resend(payment.id)
    webhook = eventually(lambda: receiver.about(payment.id))[0]
    event = verify_webhook(webhook.body, webhook.headers, stack.secret["webhookSecrets"])
    assert event.payment
    assert event.payment.id == payment.id


def test_a_case_is_listed_and_resolved(stack: Deployed, api: ElsomPayments) -> None:
    case = a_case(stack)
    assert case["id"] in {one.id for one in api.cases()}
    assert api.resolve_case(case["id"], "paid back").state == "resolved"


def test_what_the_api_refuses_is_an_error_of_its_own(stack: Deployed, api: ElsomPayments) -> None:
    with pytest.raises(NotFound):
        api.get("0" * 20)
    with pytest.raises(InvalidRequest) as invalid:
        api.start("15,00", "A", idempotency_key="k")
    assert set(invalid.value.fields) == {"amount"}
    with pytest.raises(ElsomRefused) as refused:
        api.start("1.00", "A", idempotency_key=uuid.uuid4().hex, customer_msisdn=REFUSED)
    assert api.get(refused.value.payment_id).status == "failed"
    key = uuid.uuid4().hex
    api.start("1.00", "A", idempotency_key=key)
    with pytest.raises(IdempotencyKeyReused):
        api.start("2.00", "A", idempotency_key=key)


def test_whose_signature_is_not_known_is_not_let_in(stack: Deployed) -> None:
    with pytest.raises(ApiError, match="403"):
        client(stack, key="AKIAUNKNOWN", deadline=0).get("0" * 20)
