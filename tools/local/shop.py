"""A shop: signed calls of the payments API, and one payment taken from start to `paid`."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

# The sandbox's scenario wallet that pays at once.
PAYING_WALLET: Final = "0000000001"
PAID_WITHIN_SECONDS: Final = 90.0
START_TRIES: Final = 3


class ShopError(Exception):
    """The payment did not go its way; the text is one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Response:
    """Status, headers and JSON body of one answer of the API."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Shop:
    """A caller of the payments API, with the rights of the given keys."""

    api_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Response:
        """One signed call; any HTTP status is an answer. Raises OSError when there is none."""
        data = b"" if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        signed = AWSRequest(method, self.api_url + path, headers=sent, data=data)
        keys = Credentials(self.access_key_id, self.secret_access_key, self.session_token)
        SigV4Auth(keys, "execute-api", self.region).add_auth(signed)
        request = urllib.request.Request(  # noqa: S310 - the API's own http(s) URL
            self.api_url + path, data=data or None, headers=dict(signed.headers), method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the same
                return read(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return read(refusal)

    def start(self, amount: str, wallet: str, order: str) -> dict[str, Any]:
        """Start a payment as a shop should: on 429 and 5xx again, with the same key.

        Raises ShopError.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        body = {"amount": amount, "orderId": order, "customerMsisdn": wallet, "language": "en"}
        answer = self.call("POST", "/payments", body, headers)
        for _ in range(START_TRIES - 1):
            if answer.status != 429 and answer.status < 500:
                break
            time.sleep(float(answer.headers.get("retry-after", "1")))
            answer = self.call("POST", "/payments", body, headers)
        if answer.status not in {200, 201, 202}:
            said = json.dumps(answer.body)
            raise ShopError(f"The payment could not be started: HTTP {answer.status} {said}")
        payment: dict[str, Any] = answer.body
        return payment

    def follow(self, payment_id: str, seen: Callable[[str], None]) -> dict[str, Any]:
        """Ask until the payment is `paid`, telling `seen` each new status. Raises ShopError."""
        deadline = time.monotonic() + PAID_WITHIN_SECONDS
        status = ""
        while True:
            answer = self.call("GET", f"/payments/{urllib.parse.quote(payment_id)}")
            if answer.status == 200 and answer.body["status"] != status:
                status = answer.body["status"]
                seen(status)
            if status == "paid":
                payment: dict[str, Any] = answer.body
                return payment
            if time.monotonic() > deadline:
                raise ShopError(
                    f"Payment {payment_id} is {status or f'HTTP {answer.status}'} after"
                    f" {PAID_WITHIN_SECONDS:.0f} s, not paid: `make logs` shows what was written."
                )
            time.sleep(0.25)

    def timeline(self, payment_id: str) -> list[dict[str, Any]]:
        """What happened to the payment, oldest first."""
        answer = self.call("GET", f"/payments/{urllib.parse.quote(payment_id)}/timeline")
        if answer.status != 200:
            raise ShopError(f"The timeline of {payment_id} could not be read: HTTP {answer.status}")
        items: list[dict[str, Any]] = answer.body["items"]
        return items


def read(answer: Any) -> Response:
    text = answer.read().decode()
    headers = {name.lower(): value for name, value in answer.headers.items()}
    is_json = "json" in headers.get("content-type", "")
    return Response(answer.status, headers, json.loads(text) if text and is_json else text)
