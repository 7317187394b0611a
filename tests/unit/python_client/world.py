"""An API that answers the client as a test says, and a clock that only sleeping moves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import responses
from botocore.credentials import Credentials

from tests.aws_signature import signature_of_aws

OPENAPI = json.loads((Path(__file__).parents[3] / "docs" / "api" / "openapi.json").read_text())
URL = "https://a1b2.execute-api.eu-central-1.amazonaws.com/v1"
KEYS = Credentials("AKIAEXAMPLE", "very-secret-key", "session-token")
PAYMENT_ID = "0123456789ABCDEFGHJK"
CASE_ID = "ZZZZZZZZZZZZZZZZZZZZ"
AT = "2026-11-24T05:50:00.000Z"
PAYMENT = {
    "id": PAYMENT_ID, "status": "pending", "amount": "1500.00", "currency": "KGS",
    "orderId": "A-1001", "language": "ru", "customerMsisdn": "0556***910", "cashierNo": None,
    "description": None, "metadata": {"cart": "7"}, "returnUrl": None,
    "checkoutUrl": f"{URL}/pay/{PAYMENT_ID}?s=x", "elsomTransactionId": None,
    "statusReason": None, "elsomErrorCode": None, "late": False, "sequence": 1,
    "createdAt": AT, "updatedAt": AT, "expiresAt": AT, "paidAt": None, "nextCheckAt": AT,
}  # fmt: skip
PAID = {**PAYMENT, "status": "paid", "paidAt": AT, "nextCheckAt": None}
CASE = {
    "id": CASE_ID, "kind": "unresolved", "state": "open", "paymentId": PAYMENT_ID,
    "orderId": "A-1001", "evidence": {"paidAt": AT}, "openedAt": AT, "resolvedAt": None,
    "resolvedBy": None, "note": None, "sequence": 2,
}  # fmt: skip
EVENT = {
    "eventId": "E1", "type": "payment.paid", "sequence": 3, "occurredAt": AT,
    "delivery": "retrying", "tries": 2, "nextTryAt": AT,
}  # fmt: skip
REPORT = OPENAPI["paths"]["/reports/{day}"]["get"]["responses"]["200"]["content"][
    "application/json"
]["examples"]["Report"]["value"]


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Answers(responses.RequestsMock):
    """Answers in the order in which they are added; all of them must be fetched."""

    def __init__(self) -> None:
        super().__init__(registry=responses.registries.OrderedRegistry)

    def give(
        self, method: str, path: str, document: object, status: int = 200, retry_after: str = ""
    ) -> None:
        """The next answer."""
        headers = {"Retry-After": retry_after} if retry_after else {}
        self.add(method, URL + path, json=document, status=status, headers=headers)

    @property
    def requests(self) -> list[requests.PreparedRequest]:
        """What was sent, in order."""
        return [call.request for call in self.calls]


def problem(name: str, **more: Any) -> dict[str, Any]:
    return {"type": f"urn:elsom-payments:problem:{name}", "detail": "why", **more}


def query_of(request: requests.PreparedRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(str(request.url)).query))


def assert_signed(request: requests.PreparedRequest) -> None:
    """The request has the very signature that AWS will compute."""
    headers, body = dict(request.headers), request.body or b""
    assert isinstance(body, bytes)
    wanted = signature_of_aws(
        str(request.method), str(request.url), headers, body, "very-secret-key"
    )
    assert headers["Authorization"].rpartition("=")[2] == wanted
    assert headers["X-Amz-Security-Token"] == "session-token"
