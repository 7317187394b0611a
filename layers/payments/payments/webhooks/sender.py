"""Sends one webhook, to an address that was checked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from payments import http_client
from payments.webhooks.rules import Target

RESOLVE_SECONDS: Final = 5.0
LIMITS: Final = http_client.Limits(connect=5.0, read=15.0, total=15.0)


def post(target: Target, address: str, payload: str, headers: Mapping[str, str]) -> int:
    """POST to the address that was checked; the HTTP status. Raises NotSent or MaybeSent."""
    reply = http_client.post(
        target.url, payload.encode(), headers, LIMITS, _trust(), address, read_body=False
    )
    return reply.status


def resolve(target: Target) -> list[str]:
    """The addresses of the target's host name. Raises NotSent."""
    return http_client.resolve(target.host, target.port, RESOLVE_SECONDS)


@cache
def _trust() -> http_client.Tls:
    return http_client.tls()
