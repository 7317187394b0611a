"""The shop's client: each type of problem is an error of its own, and says whether to repeat."""

from __future__ import annotations

import pytest

import elsom_payments_client as package
from elsom_payments_client import (
    ApiError,
    ElsomPayments,
    ElsomPaymentsError,
    ElsomRefused,
    GatewayError,
    InvalidRequest,
    NotFound,
    ReportTooLarge,
    StateConflict,
)
from elsom_payments_client.errors import BY_NAME
from tests.unit.python_client.world import (
    OPENAPI,
    PAYMENT_ID,
    Answers,
    problem,
)


def test_there_is_a_class_for_every_type_of_problem() -> None:
    named = OPENAPI["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    assert {one.rpartition(":")[2] for one in named} == set(BY_NAME)
    assert len(set(BY_NAME.values())) == len(BY_NAME)
    assert all(getattr(package, one.__name__) is one for one in BY_NAME.values())


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "invalid-request", InvalidRequest),
        (403, "gateway", GatewayError),
        (404, "not-found", NotFound),
        (409, "conflict", StateConflict),
        (422, "elsom-refused", ElsomRefused),
        (418, "of-a-newer-api", ApiError),
        (302, "", ApiError),
        (503, "report-too-large", ReportTooLarge),
    ],
)
def test_a_problem_is_an_error_of_its_class_at_once(
    answers: Answers, api: ElsomPayments, status: int, name: str, kind: type
) -> None:
    answers.give("GET", f"/payments/{PAYMENT_ID}", problem(name), status)
    with pytest.raises(ElsomPaymentsError) as raised:
        api.get(PAYMENT_ID)
    assert type(raised.value) is kind
    assert isinstance(raised.value, ApiError)
    assert (raised.value.status, raised.value.name) == (status, name)
    assert not raised.value.may_repeat


def test_wrong_input_names_its_fields(answers: Answers, api: ElsomPayments) -> None:
    errors = [{"field": "orderId", "message": "must be a string of 1 to 20 characters"}]
    document = problem("invalid-request", errors=errors, instance="urn:uuid:1")
    answers.give("POST", "/payments", document, 400)
    with pytest.raises(InvalidRequest, match=r"400: invalid-request: why \(urn:uuid:1\)") as raised:
        api.start("1.00", "", idempotency_key="k")
    assert raised.value.fields == {"orderId": "must be a string of 1 to 20 characters"}
    assert raised.value.request == "urn:uuid:1"


@pytest.mark.parametrize("said", ["no wallet", None])
def test_elsoms_refusal_says_why(answers: Answers, api: ElsomPayments, said: str | None) -> None:
    more = {"paymentId": PAYMENT_ID, "elsomErrorCode": "17", "elsomErrorMessage": said}
    answers.give("POST", "/payments", problem("elsom-refused", **more), 422)
    with pytest.raises(ElsomRefused) as raised:
        api.start("1.00", "A", idempotency_key="k")
    refusal = raised.value
    assert (refusal.payment_id, refusal.elsom_error_code) == (PAYMENT_ID, "17")
    assert refusal.elsom_error_message == said
