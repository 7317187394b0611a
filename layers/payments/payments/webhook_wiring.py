"""Puts a delivery together; apart, since only one function pays for this HTTP client."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from payments import shop_wiring, transport, wiring
from payments.aws import client
from payments.deliver import Delivering
from payments.moments import now_ms
from payments.queue import SqsQueue
from payments.settings import settings
from payments.webhooks import Target

RESOLVE_SECONDS: Final = 5.0
LIMITS: Final = transport.Limits(connect=5.0, read=15.0, total=15.0)


@cache
def delivering() -> Delivering:
    """What deliveries of this stack work with."""
    ours = settings()
    return Delivering(
        deliveries=shop_wiring.deliveries(),
        queue=shop_wiring.webhooks_queue(),
        dead_letters=SqsQueue(client("sqs"), ours.webhooks_dead_letter_queue_url),
        post=post,
        resolve=resolve,
        secrets=lambda: wiring.vault().get().webhook_secrets,
        url=ours.shop_webhook_url,
        sandbox=ours.sandbox_mode,
        clock=now_ms,
    )


def post(target: Target, address: str, payload: str, headers: Mapping[str, str]) -> int:
    """POST to the address that was checked; the HTTP status. Raises NotSent or MaybeSent."""
    reply = transport.post(
        target.url, payload.encode(), headers, LIMITS, _trust(), address, read_body=False
    )
    return reply.status


def resolve(target: Target) -> list[str]:
    """The addresses behind the target's name. Raises NotSent."""
    return transport.resolve(target.host, target.port, RESOLVE_SECONDS)


@cache
def _trust() -> transport.Tls:
    return transport.tls()
