"""The API over HTTPS, signed with the caller's AWS credentials."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.httpsession import URLLib3Session

from elsom_payments_client.errors import ApiError, ApiUnreachable, ElsomRefused, StillOpen
from elsom_payments_client.types import Case, Payment

# The API answers within 29 seconds, also when Elsom hangs.
_TIMEOUT = 35
_TRIES = 5
_BUSY = 429
_STILL_RUNNING = "start-in-progress"


class ElsomPayments:
    """One stack's API.

    `api_url` is the stack's output `ApiUrl`. Credentials come from botocore's usual places unless
    given; they need the policy `PaymentsCallerPolicyArn`.
    """

    def __init__(
        self,
        api_url: str,
        *,
        region: str | None = None,
        credentials: Credentials | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        session = botocore.session.get_session()
        self._url = api_url.rstrip("/")
        self._region = region or session.get_config_variable("region") or _region_of(api_url)
        found = credentials or session.get_credentials()
        if found is None:
            msg = "no AWS credentials: the API's calls are signed with them"
            raise ValueError(msg)
        self._credentials = found
        self._http = URLLib3Session(timeout=_TIMEOUT)
        self._sleep = sleep

    def start(
        self,
        amount: Decimal | str,
        order_id: str,
        *,
        idempotency_key: str,
        **more: Any,
    ) -> Payment:
        """Start a payment; the same key always means the same payment, however often called.

        `more`: the other fields of the API's `PaymentRequest`, named as there, such as
        `returnUrl`. On 429, 5xx and a broken connection the call repeats itself with the same
        key. The answer may be `start_unknown`: no link yet, an event will tell how it ended.
        Raises ElsomRefused, ApiError (wrong input, key reused), ApiUnreachable.
        """
        body = {"amount": str(amount), "orderId": order_id, **more}
        answer = self._call("POST", "/payments", body, {"Idempotency-Key": idempotency_key})
        return Payment.from_json(answer)

    def get(self, payment_id: str) -> Payment:
        """The payment as it is stored."""
        return Payment.from_json(self._call("GET", f"/payments/{quote(payment_id, safe='')}"))

    def check(self, payment_id: str) -> Payment:
        """Query Elsom now (at most once in 2 s, six times in 60 s) and return the payment."""
        path = f"/payments/{quote(payment_id, safe='')}/check"
        return Payment.from_json(self._call("POST", path))

    def timeline(self, payment_id: str) -> list[dict[str, Any]]:
        """Everything that happened to the payment, oldest first."""
        answer = self._call("GET", f"/payments/{quote(payment_id, safe='')}/timeline")
        items: list[dict[str, Any]] = answer["items"]
        return items

    def resend(self, payment_id: str) -> str:
        """Have the payment's last event sent once more; returns its event id."""
        answer = self._call("POST", f"/payments/{quote(payment_id, safe='')}/resend")
        return str(answer["eventId"])

    def list(
        self,
        *,
        status: str | None = None,
        order_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Iterator[Payment]:
        """All matching payments, newest first; pages are fetched as they are needed."""
        query = {
            "status": status,
            "orderId": order_id,
            "from": since.isoformat() if since else None,
            "to": until.isoformat() if until else None,
        }
        for item in self._pages("/payments", query, page_size):
            yield Payment.from_json(item)

    def cases(self, state: str = "open", page_size: int = 100) -> Iterator[Case]:
        """The cases in this state."""
        for item in self._pages("/cases", {"state": state}, page_size):
            yield Case.from_json(item)

    def resolve_case(self, case_id: str, note: str) -> Case:
        """Close a case with a note of what was done."""
        path = f"/cases/{quote(case_id, safe='')}/resolve"
        return Case.from_json(self._call("POST", path, {"note": note}))

    def wait(self, payment_id: str, timeout: float = 300, interval: float = 3) -> Payment:
        """Look again until the payment has an end; raise StillOpen after `timeout` seconds.

        For scripts and tests: a shop listens to events instead.
        """
        until = time.monotonic() + timeout
        while not (payment := self.get(payment_id)).is_final:
            if time.monotonic() >= until:
                raise StillOpen(payment)
            self._sleep(interval)
        return payment

    def _pages(
        self, path: str, query: Mapping[str, str | None], page_size: int
    ) -> Iterator[dict[str, Any]]:
        parameters = {name: value for name, value in query.items() if value is not None}
        parameters["limit"] = str(page_size)
        while True:
            page = self._call("GET", f"{path}?{urlencode(parameters, quote_via=quote)}")
            yield from page["items"]
            if page["nextCursor"] is None:
                return
            parameters["cursor"] = page["nextCursor"]

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Call, repeating what may be repeated: reads, and a start with its one key."""
        data = json.dumps(body).encode() if body is not None else b""
        reason = ""
        for attempt in range(_TRIES):
            if attempt:
                jitter = random.uniform(0.5, 1)  # noqa: S311 - not a secret  # nosec B311
                self._sleep(min(2**attempt, 20) * jitter)
            try:
                status, answer = self._send(method, path, data, headers or {})
            except (HTTPClientError, BotoCoreError) as error:
                reason = type(error).__name__
                continue
            if status < 300:
                return answer
            if not _may_repeat(status, answer):
                raise _error(status, answer)
            reason = str(_error(status, answer))
        raise ApiUnreachable(reason)

    def _send(
        self, method: str, path: str, data: bytes, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, Any]]:
        request = AWSRequest(
            method, self._url + path, {"Content-Type": "application/json", **headers}, data
        )
        SigV4Auth(self._credentials, "execute-api", self._region).add_auth(request)
        response = self._http.send(request.prepare())
        return response.status_code, _object(response.content)


def _may_repeat(status: int, answer: Mapping[str, Any]) -> bool:
    if str(answer.get("type", "")).endswith(":not-configured"):
        return False
    return status == _BUSY or status >= 500 or str(answer.get("type", "")).endswith(_STILL_RUNNING)


def _error(status: int, answer: Mapping[str, Any]) -> ApiError:
    error = ApiError(status, answer)
    return ElsomRefused(status, answer) if error.name == "elsom-refused" else error


def _object(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content or b"{}")
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _region_of(api_url: str) -> str:
    """The region in API Gateway's own host name."""
    parts = (urlsplit(api_url).hostname or "").split(".")
    return parts[2] if len(parts) > 3 and parts[1] == "execute-api" else "us-east-1"
