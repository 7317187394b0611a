"""Bad input: a problem that names each field; nothing sent, nothing stored."""

import json
from typing import Any

import pytest

from tests.deployed import Deployed


def stored(stack: Deployed) -> int:
    """How many items the table holds."""
    count = 0
    pages = stack.cloud.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=stack.outputs["PaymentsTableName"], Select="COUNT"):
        count += page["Count"]
    return count


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 1500}, "amount"),
        ({"amount": 4.6}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "01"}, "amount"),
        ({"amount": "1.234"}, "amount"),
        ({"amount": "1,50"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": "1234567890"}, "amount"),
        ({"amount": "1.00\n"}, "amount"),
        ({"amount": None}, "amount"),
        ({"orderId": None}, "orderId"),
        ({"orderId": ""}, "orderId"),
        ({"orderId": "x" * 21}, "orderId"),
        ({"orderId": 17}, "orderId"),
        ({"customerMsisdn": "996556109910"}, "customerMsisdn"),
        ({"customerMsisdn": "055610991"}, "customerMsisdn"),
        ({"language": "de"}, "language"),
        ({"cashierNo": "x" * 21}, "cashierNo"),
        ({"description": "x" * 101}, "description"),
        ({"returnUrl": "https://shop.example/"}, "returnUrl"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"metadata": {str(n): "" for n in range(21)}}, "metadata"),
        ({"metadata": {"a": "x" * 2048}}, "metadata"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_each_wrong_field_is_named_and_nothing_is_stored(
    stack: Deployed, change: dict[str, Any], field: str
) -> None:
    before = stored(stack)
    refused = stack.start(**change)
    assert refused.status == 400, refused
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.body["type"] == "urn:elsom-payments:problem:invalid-request"
    assert refused.body["instance"].startswith("urn:uuid:")
    assert [error["field"] for error in refused.body["errors"]] == [field]
    assert stored(stack) == before


def test_all_mistakes_are_named_at_once(stack: Deployed) -> None:
    refused = stack.shop.call("POST", "/payments", {"amount": 1, "language": "xx", "more": 1})
    fields = {error["field"] for error in refused.body["errors"]}
    assert fields == {"Idempotency-Key", "amount", "orderId", "language", "more"}


@pytest.mark.parametrize("key", ["", "ключ", "x" * 256])
def test_a_wrong_idempotency_key_is_refused(stack: Deployed, key: str) -> None:
    refused = stack.shop.call(
        "POST",
        "/payments",
        {"amount": "1", "orderId": "1"},
        {"Idempotency-Key": key.encode().decode("latin-1")} if key else {},
    )
    assert refused.status == 400
    assert [error["field"] for error in refused.body["errors"]] == ["Idempotency-Key"]


@pytest.mark.parametrize("body", ["[]", '"text"', "17"])
def test_a_body_that_is_no_object_is_refused(stack: Deployed, body: str) -> None:
    refused = stack.shop.call(
        "POST", "/payments", json.loads(body), {"Idempotency-Key": "no-object"}
    )
    assert refused.status == 400
    assert [error["field"] for error in refused.body["errors"]] == ["body"]


def test_an_unknown_payment_is_not_found(stack: Deployed) -> None:
    answer = stack.shop.call("GET", "/payments/00000000000000000000")
    assert answer.status == 404
    assert answer.body["type"].endswith(":not-found")
