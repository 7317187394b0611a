"""The API over HTTPS, signed with the caller's AWS credentials."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import botocore.session
import requests
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from elsom_payments_client.errors import (
    ApiUnreachable,
    ElsomPaymentsError,
    NotFound,
    StillOpen,
    error_of,
)
from elsom_payments_client.signing import Signature
from elsom_payments_client.types import Case, Page, Payment, Report, SentEvent

_CONNECT = 5.0
_LONGEST_PAUSE = 10.0
_SHORTEST_WAIT = 1.0
_PAGE = 100
_Span = tuple[datetime | str | None, datetime | str | None]
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")


class ElsomPayments:
    """One stack's API. Threads may share it.

    `api_url` is the stack's output `ApiUrl`. Credentials come from botocore's usual places unless
    given; they need the policy `PaymentsCallerPolicyArn`.

    A call that met 429, 5xx, a start that still runs (409) or a broken connection is repeated,
    with the same idempotency key and after the pause that `Retry-After` names. No repetition
    begins later than `deadline` seconds after the call; one attempt takes at most `timeout`
    seconds (the API itself answers within 29).
    """

    def __init__(
        self,
        api_url: str,
        *,
        region: str | None = None,
        credentials: Credentials | None = None,
        deadline: float = 60.0,
        timeout: float = 35.0,
    ) -> None:
        session = botocore.session.get_session()
        found = credentials or session.get_credentials()
        if found is None:
            msg = "no AWS credentials: the API's calls are signed with them"
            raise ValueError(msg)
        # API Gateway's own host names its region; a domain of one's own does not.
        region = region or _region_of(api_url) or session.get_config_variable("region")
        if region is None:
            msg = "no AWS region: give region=, or set AWS_DEFAULT_REGION"
            raise ValueError(msg)
        self.url = api_url.rstrip("/")
        self._deadline = deadline
        self._timeouts = (min(_CONNECT, timeout), timeout)
        self._http = requests.Session()
        self._http.auth = Signature(found, region)

    def start(  # noqa: PLR0913 - one argument for each field of the API
        self,
        amount: str,
        order_id: str,
        *,
        idempotency_key: str,
        language: str | None = None,
        customer_msisdn: str | None = None,
        cashier_no: str | None = None,
        description: str | None = None,
        return_url: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> Payment:
        """Start a payment; the same key always means the same payment, however often called.

        `amount` is a string in som, `"1500.00"`. The answer may be `start_unknown`: there is no
        `checkout_url` yet, start nothing new, an event will say how it ended.
        """
        if not isinstance(amount, str):
            # A caller without a type checker may give a number.
            msg = 'amount must be a string in som, such as "1500.00"'  # type: ignore[unreachable]
            raise TypeError(msg)
        if not _KEY.fullmatch(idempotency_key or ""):
            msg = "idempotency_key must be 1 to 255 printable ASCII characters"
            raise ValueError(msg)
        given = {
            "amount": amount,
            "orderId": order_id,
            "language": language,
            "customerMsisdn": customer_msisdn,
            "cashierNo": cashier_no,
            "description": description,
            "returnUrl": return_url,
            "metadata": metadata,
        }
        body = {name: value for name, value in given.items() if value is not None}
        return Payment.from_json(self._call("POST", "/payments", body, idempotency_key))

    def get(self, payment_id: str) -> Payment:
        """The payment as it is stored."""
        return Payment.from_json(self._call("GET", f"/payments/{_checked(payment_id)}"))

    def timeline(self, payment_id: str) -> list[dict[str, Any]]:
        """Everything that happened to the payment, oldest first."""
        answer = self._call("GET", f"/payments/{_checked(payment_id)}/timeline")
        items: list[dict[str, Any]] = answer["items"]
        return items

    def events(self, payment_id: str) -> list[SentEvent]:
        """The payment's events, oldest first, and how each reached the shop."""
        answer = self._call("GET", f"/payments/{_checked(payment_id)}/events")
        return [SentEvent.from_json(one) for one in answer["items"]]

    def check(self, payment_id: str, *, requested_by: str | None = None) -> Payment:
        """Have Elsom queried now (at most once in 2 s, six times in 60 s); return the payment.

        `requested_by` is kept on the payment's timeline.
        """
        path = f"/payments/{_checked(payment_id)}/check"
        return Payment.from_json(self._call("POST", path, _by(requested_by)))

    def resend(self, payment_id: str, *, requested_by: str | None = None) -> str:
        """Have the payment's last event sent once more; return its event id.

        `requested_by` is kept on the payment's timeline.
        """
        path = f"/payments/{_checked(payment_id)}/resend"
        return str(self._call("POST", path, _by(requested_by))["eventId"])

    def list(
        self,
        *,
        status: str | None = None,
        order_id: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        paid_since: datetime | str | None = None,
        paid_until: datetime | str | None = None,
        limit: int | None = None,
    ) -> Iterator[Payment]:
        """Matching payments, newest first, at most `limit`; pages are fetched as they are needed.

        `since` and `until` are about when payments began: by default the last 31 days, at most 92.
        With `paid_since` or `paid_until` instead they go by when payments were paid.
        """
        query = _query(status, order_id, (since, until), (paid_since, paid_until))
        return map(Payment.from_json, self._pages("/payments", query, limit))

    def list_page(
        self,
        *,
        status: str | None = None,
        order_id: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        paid_since: datetime | str | None = None,
        paid_until: datetime | str | None = None,
        limit: int = _PAGE,
        cursor: str | None = None,
    ) -> Page[Payment]:
        """One page of such a list; the page's own `cursor` leads to the next one.

        A filtered page may be short, even empty, and still have a cursor.
        """
        query = _query(status, order_id, (since, until), (paid_since, paid_until))
        page = self._page("/payments", {**query, "cursor": cursor}, limit)
        return Page([Payment.from_json(one) for one in page["items"]], page["nextCursor"])

    def report(self, day: date | str) -> Report:
        """The totals of a day in Bishkek; raise ReportTooLarge where it has too many payments."""
        text = day if isinstance(day, str) else day.isoformat()
        return Report.from_json(self._call("GET", f"/reports/{_checked(text)}"))

    def cases(self, state: str = "open", *, limit: int | None = None) -> Iterator[Case]:
        """The cases in this state, newest first, at most `limit`."""
        return map(Case.from_json, self._pages("/cases", {"state": state}, limit))

    def cases_page(
        self, state: str = "open", *, limit: int = _PAGE, cursor: str | None = None
    ) -> Page[Case]:
        """One page of them; the page's own `cursor` leads to the next one."""
        page = self._page("/cases", {"state": state, "cursor": cursor}, limit)
        return Page([Case.from_json(one) for one in page["items"]], page["nextCursor"])

    def resolve_case(self, case_id: str, note: str, *, resolved_by: str | None = None) -> Case:
        """Close a case with a note of what was done; one that is closed stays as it is."""
        body = {"note": note} | ({} if resolved_by is None else {"resolvedBy": resolved_by})
        return Case.from_json(self._call("POST", f"/cases/{_checked(case_id)}/resolve", body))

    def wait(self, payment_id: str, timeout: float = 300, interval: float = 3) -> Payment:
        """Read the payment until it has an end; raise StillOpen after `timeout` seconds.

        For scripts and tests: a shop takes webhooks or events instead.
        """
        until = time.monotonic() + timeout
        while not (payment := self.get(payment_id)).is_final:
            if time.monotonic() >= until:
                raise StillOpen(payment)
            time.sleep(interval)
        return payment

    def _pages(
        self, path: str, query: Mapping[str, str | None], limit: int | None
    ) -> Iterator[dict[str, Any]]:
        parameters = dict(query)
        left = limit
        while left is None or left > 0:
            page = self._page(path, parameters, _PAGE if left is None else min(_PAGE, left))
            yield from page["items"]
            if page["nextCursor"] is None:
                return
            parameters["cursor"] = page["nextCursor"]
            left = None if left is None else left - len(page["items"])

    def _page(self, path: str, query: Mapping[str, str | None], limit: int) -> dict[str, Any]:
        given = {name: value for name, value in query.items() if value is not None}
        # A signature is made over %20: a blank that is sent as + is refused.
        text = urlencode({**given, "limit": limit}, quote_via=quote)
        return self._call("GET", f"{path}?{text}")

    def _call(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> dict[str, Any]:
        """One call, repeated while it may be and the deadline allows; the answer's document."""
        until = time.monotonic() + self._deadline
        for attempt in count():
            answer = self._attempt(method, self.url + path, body, key)
            if isinstance(answer, dict):
                return answer
            wanted = getattr(answer, "retry_after", None)
            own = min(2.0**attempt, _LONGEST_PAUSE) * random.uniform(0.5, 1)  # noqa: S311 - not a secret
            pause = own if wanted is None else max(wanted, _SHORTEST_WAIT)
            if not answer.may_repeat or time.monotonic() + pause >= until:
                raise answer
            time.sleep(pause)
        raise AssertionError  # count() has no end

    def _attempt(
        self, method: str, url: str, body: object, key: str | None
    ) -> dict[str, Any] | ElsomPaymentsError:
        """The answer's document, or why there is none."""
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            response = self._http.request(
                method,
                url,
                json=body,
                headers=headers,
                timeout=self._timeouts,
                allow_redirects=False,
            )
        except (requests.RequestException, BotoCoreError) as error:
            # The error's own text may hold more than a log should.
            return ApiUnreachable(type(error).__name__)
        document = _object(response)
        if response.status_code >= 300:
            pause = _seconds(response.headers.get("Retry-After", ""))
            return error_of(response.status_code, document or {}, pause)
        return ApiUnreachable("an answer without JSON") if document is None else document


def _object(response: requests.Response) -> dict[str, Any] | None:
    try:
        document = response.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _seconds(retry_after: str) -> float | None:
    """What `Retry-After` says, in seconds or as a date; None where it says nothing."""
    try:
        if retry_after.strip().isdigit():
            return float(retry_after)
        moment = parsedate_to_datetime(retry_after)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _checked(identifier: str) -> str:
    """The id, if it can be one: nothing else may become a part of a path. Raises NotFound."""
    if not _ID.fullmatch(identifier):
        said = f"{identifier!r} is no id of a payment or case"
        raise NotFound(404, {"type": "not-found", "detail": said})
    return identifier


def _by(person: str | None) -> dict[str, str] | None:
    return None if person is None else {"requestedBy": person}


def _query(
    status: str | None, order_id: str | None, created: _Span, paid: _Span
) -> dict[str, str | None]:
    return {
        "status": status,
        "orderId": order_id,
        "from": _moment(created[0]),
        "to": _moment(created[1]),
        "paidFrom": _moment(paid[0]),
        "paidTo": _moment(paid[1]),
    }


def _moment(moment: datetime | str | None) -> str | None:
    return moment.isoformat() if isinstance(moment, datetime) else moment


def _region_of(api_url: str) -> str | None:
    parts = (urlsplit(api_url).hostname or "").split(".")
    return parts[2] if len(parts) > 3 and parts[1] == "execute-api" else None
