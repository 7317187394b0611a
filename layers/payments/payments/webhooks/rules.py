"""Webhooks: how they are signed, when they are tried, and where they may be sent. Pure.

Signatures follow Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec
from standardwebhooks.webhooks import Webhook

from payments import __version__
from payments.domain.clock import HOUR, MINUTE, SECOND

# The waits from one try to the next; the first try comes at once.
LADDER: Final = (
    5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR,
)  # fmt: skip
TRIES: Final = len(LADDER) + 1
# The contract's version is the major one, as in the API's path.
USER_AGENT: Final = f"elsom-payments/{__version__.partition('.')[0]}"
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# Reserved for examples since 2024; Python's ipaddress does not know it yet.
_EXAMPLES: Final = IPv6Network("3fff::/20")
_PORTS: Final = {"https": 443, "http": 80}


class NotAllowed(Exception):
    """A webhook may not be sent there; the text is a fixed code."""


class CannotSign(Exception):
    """No webhook secret is usable."""


class Target(msgspec.Struct, frozen=True):
    """Where a webhook goes: the URL, and the host and port that its name is resolved for."""

    url: str
    host: str
    port: int


def read_target(url: str, *, sandbox: bool) -> Target:
    """Read the shop's URL; raise NotAllowed for plain http (outside the sandbox) or no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        msg = "url"
        raise NotAllowed(msg) from None
    if parts.scheme not in (_PORTS if sandbox else {"https"}):
        msg = "scheme"
        raise NotAllowed(msg)
    if not parts.hostname or parts.username is not None or parts.password is not None:
        msg = "url"
        raise NotAllowed(msg)
    return Target(url, parts.hostname, port or _PORTS[parts.scheme])


def choose_address(addresses: Sequence[str], *, sandbox: bool) -> str:
    """The address to connect to, IPv4 before IPv6; raise NotAllowed if any address is not allowed.

    Outside the sandbox all must be public; in the sandbox all must be loopback.
    """
    found = [_unwrapped(ip_address(address.partition("%")[0])) for address in addresses]
    allowed = _is_loopback if sandbox else is_public
    if not found or not all(allowed(address) for address in found):
        msg = "address"
        raise NotAllowed(msg)
    return str(min(found, key=lambda address: address.version))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address belongs to the public internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return True
    if address not in _GLOBAL_UNICAST or address in _EXAMPLES:
        return False
    # 6to4 and Teredo contain an IPv4 address, which was not checked.
    return address.sixtofour is None and address.teredo is None


def webhook_headers(
    event_id: str, payload: str, moment: int, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers of one try: one signature per secret, over event id, time and payload.

    Raises CannotSign when there is no secret, or one is not `whsec_` and base64 in ASCII.
    """
    if not secrets:
        raise CannotSign
    at = datetime.fromtimestamp(moment // SECOND, UTC)
    signatures = [Webhook(_key(secret)).sign(event_id, at, payload) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "webhook-id": event_id,
        "webhook-timestamp": str(moment // SECOND),
        "webhook-signature": " ".join(signatures),
    }


def _key(secret: str) -> bytes:
    """The bytes of a secret, decoded strictly: a lenient decoder could drop some of them."""
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        # Without the cause, whose text holds the secret.
        raise CannotSign from None
    return key


def next_try_at(tries: int, now: int) -> int:
    """When the next try is due after `tries` tries; after the last one, when it is given up."""
    return now + (LADDER[tries - 1] if tries < TRIES else LADDER[1])


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address in an IPv6 address that only wraps it; else the address itself."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_loopback(address: IPv4Address | IPv6Address) -> bool:
    return address.is_loopback
