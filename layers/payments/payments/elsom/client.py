"""The calls to Elsom, made nowhere else, and their metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from payments import http_client
from payments.elsom import protocol
from payments.elsom.gateway import (
    Elsom,
    NoResponse,
    NoStatus,
    NothingSent,
    OutcomeUnknown,
    StartOutcome,
    StatusOutcome,
)
from payments.elsom.protocol import Merchant, Refused, Start, Unusable
from payments.http_client import Limits, MaybeSent, NotSent, Reply, Tls
from payments.telemetry import Metric, count, measure

_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
CONNECT_SECONDS: Final = 3.0
START_READ_SECONDS: Final = 20.0
STATUS_READ_SECONDS: Final = 10.0
_SUCCESS: Final = range(200, 300)
_CLIENT_ERROR: Final = range(400, 500)
# These say something about us or about Elsom's health, not about one payment.
_NOT_ABOUT_THE_ID: Final = frozenset({401, 403, 407, 408, 429})
# A refusal is a response; these are not.
_NO_RESPONSE: Final = (NothingSent, OutcomeUnknown, NoResponse)


class ElsomClient:
    """Elsom over HTTPS. Start and status have different URLs.

    `hidden` returns further texts to mask where Elsom's messages hold them, besides the merchant's
    password and wallet number. `plain_http` accepts http URLs, in the sandbox only.
    """

    def __init__(
        self,
        init_url: str,
        status_url: str,
        trust: Callable[[], Tls],
        *,
        hidden: Callable[[], Iterable[str]] = tuple,
        plain_http: bool = False,
    ) -> None:
        self._init_url = init_url
        self._status_url = status_url
        self._trust = trust
        self._hidden = hidden
        self._plain_http = plain_http

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        """Send one `IA_Init`."""
        total = min(seconds, CONNECT_SECONDS + START_READ_SECONDS)
        limits = Limits(
            connect=min(CONNECT_SECONDS, total), read=min(START_READ_SECONDS, total), total=total
        )
        try:
            reply = self._post(self._init_url, protocol.start_request(start, merchant), limits)
        except NotSent as error:
            return NothingSent(str(error))
        except MaybeSent as error:
            return OutcomeUnknown(str(error))
        return self._start_outcome(reply, merchant)

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        """Send one `PartnerGetPaymentStatus`."""
        limits = Limits(
            connect=CONNECT_SECONDS,
            read=STATUS_READ_SECONDS,
            total=CONNECT_SECONDS + STATUS_READ_SECONDS,
        )
        try:
            reply = self._post(
                self._status_url, protocol.status_request(payment_id, merchant), limits
            )
        except (NotSent, MaybeSent) as error:
            return NoResponse(str(error))
        if reply.status in _CLIENT_ERROR and reply.status not in _NOT_ABOUT_THE_ID:
            return NoStatus(f"http-{reply.status}")
        if reply.status not in _SUCCESS or not reply.whole:
            return NoResponse(f"http-{reply.status}")
        answer = protocol.read_status(reply.body)
        if isinstance(answer, Unusable):
            return NoResponse(answer.why, about_one_payment=answer.is_response)
        return self._scrubbed(answer, merchant) if isinstance(answer, Refused) else answer

    def _post(self, url: str, body: bytes, limits: Limits) -> Reply:
        return http_client.post(url, body, _HEADERS, limits, self._trust())

    def _start_outcome(self, reply: Reply, merchant: Merchant) -> StartOutcome:
        if reply.status not in _SUCCESS or not reply.whole:
            return OutcomeUnknown(f"http-{reply.status}")
        answer = protocol.read_start(reply.body, plain_http=self._plain_http)
        if isinstance(answer, Unusable):
            return OutcomeUnknown(answer.why)
        return self._scrubbed(answer, merchant) if isinstance(answer, Refused) else answer

    def _scrubbed(self, refused: Refused, merchant: Merchant) -> Refused:
        """Mask secrets and wallet numbers: Elsom may repeat what it was sent."""
        secrets = (merchant.password, merchant.msisdn, *self._hidden())
        return protocol.scrub_refusal(refused, secrets)


class MeasuredElsom:
    """Calls another Elsom, and counts and times each call; `stopwatch` returns seconds."""

    def __init__(self, elsom: Elsom, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._elsom = elsom
        self._stopwatch = stopwatch

    def start(self, start: Start, merchant: Merchant, seconds: float) -> StartOutcome:
        return self._measured(lambda: self._elsom.start(start, merchant, seconds))

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        return self._measured(lambda: self._elsom.status(payment_id, merchant))

    def _measured[Outcome](self, call: Callable[[], Outcome]) -> Outcome:
        began = self._stopwatch()
        outcome = call()
        measure(Metric.ELSOM_LATENCY, round((self._stopwatch() - began) * 1000))
        count(Metric.ELSOM_NO_RESPONSE, int(isinstance(outcome, _NO_RESPONSE)))
        return outcome
