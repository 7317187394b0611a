"""The only place that asks Elsom anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from payments import transport
from payments.elsom import wire
from payments.elsom.outcomes import (
    NoStatus,
    NothingSent,
    OutcomeUnknown,
    Silent,
    StartOutcome,
    StatusOutcome,
)
from payments.elsom.wire import Merchant, Refused, Start, Unusable
from payments.transport import Limits, MaybeSent, NotSent, Reply, Tls

_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
CONNECT_SECONDS: Final = 3.0
START_READ_SECONDS: Final = 20.0
STATUS_READ_SECONDS: Final = 10.0
_SUCCESS: Final = range(200, 300)
_CLIENT_ERROR: Final = range(400, 500)
# These are about us or about Elsom's health, not about one payment.
_NOT_ABOUT_THE_ID: Final = frozenset({401, 403, 407, 408, 429})


class ElsomClient:
    """Elsom over HTTPS. Start and status have different URLs.

    `hidden` tells what must not go further when Elsom's words hold it, besides what it was sent.
    """

    def __init__(
        self,
        init_url: str,
        status_url: str,
        trust: Tls,
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
        """Send one `IA_Init`. Never repeated here or above once it may have left."""
        total = min(seconds, CONNECT_SECONDS + START_READ_SECONDS)
        limits = Limits(
            connect=min(CONNECT_SECONDS, total), read=min(START_READ_SECONDS, total), total=total
        )
        try:
            reply = self._post(self._init_url, wire.start_request(start, merchant), limits)
        except NotSent as error:
            return NothingSent(str(error))
        except MaybeSent as error:
            return OutcomeUnknown(str(error))
        return self._start_outcome(reply, merchant)

    def status(self, payment_id: str, merchant: Merchant) -> StatusOutcome:
        """Ask `PartnerGetPaymentStatus` once."""
        limits = Limits(
            connect=CONNECT_SECONDS,
            read=STATUS_READ_SECONDS,
            total=CONNECT_SECONDS + STATUS_READ_SECONDS,
        )
        try:
            reply = self._post(self._status_url, wire.status_request(payment_id, merchant), limits)
        except (NotSent, MaybeSent) as error:
            return Silent(str(error))
        if reply.status in _CLIENT_ERROR and reply.status not in _NOT_ABOUT_THE_ID:
            return NoStatus(f"http-{reply.status}")
        if reply.status not in _SUCCESS or not reply.whole:
            return Silent(f"http-{reply.status}")
        answer = wire.read_status(reply.body)
        if isinstance(answer, Unusable):
            return Silent(answer.why)
        return self._scrubbed(answer, merchant) if isinstance(answer, Refused) else answer

    def _post(self, url: str, body: bytes, limits: Limits) -> Reply:
        return transport.post(url, body, _HEADERS, limits, self._trust)

    def _start_outcome(self, reply: Reply, merchant: Merchant) -> StartOutcome:
        if reply.status not in _SUCCESS or not reply.whole:
            return OutcomeUnknown(f"http-{reply.status}")
        answer = wire.read_start(reply.body, plain_http=self._plain_http)
        if isinstance(answer, Unusable):
            return OutcomeUnknown(answer.why)
        return self._scrubbed(answer, merchant) if isinstance(answer, Refused) else answer

    def _scrubbed(self, refused: Refused, merchant: Merchant) -> Refused:
        """Elsom may repeat what it knows: no secret and no wallet number goes further."""
        secrets = (merchant.password, merchant.msisdn, *self._hidden())
        return wire.scrub_refusal(refused, secrets)
