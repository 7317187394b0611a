"""Webhooks: how they are signed, when they are tried, and where they may go. Pure.

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

# From one try to the next; the first comes at once.
LADDER: Final = (
    5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR,
)  # fmt: skip
TRIES: Final = len(LADDER) + 1
# The contract's version: the major one, as in the API's path.
USER_AGENT: Final = f"elsom-payments/{__version__.partition('.')[0]}"
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
# Reserved for examples since 2024; Python's tables do not know it yet.
_EXAMPLES: Final = IPv6Network("3fff::/20")
_PORTS: Final = {"https": 443, "http": 80}


class NotAllowed(Exception):
    """A webhook may not go there; the text is a fixed word."""


class CannotSign(Exception):
    """There is no usable webhook secret."""


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
    """The address to connect to, IPv4 before IPv6; raise NotAllowed if any of them is off limits.

    Outside the sandbox all must be public; in the sandbox all must be loopback.
    """
    found = [_unwrapped(ip_address(address.partition("%")[0])) for address in addresses]
    allowed = _is_loopback if sandbox else is_public
    if not found or not all(allowed(address) for address in found):
        msg = "address"
        raise NotAllowed(msg)
    return str(min(found, key=lambda address: address.version))


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the internet and nowhere else."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if isinstance(address, IPv4Address):
        return True
    if address not in _GLOBAL_UNICAST or address in _EXAMPLES:
        return False
    # 6to4 and Teredo carry an IPv4 address that nobody checked.
    return address.sixtofour is None and address.teredo is None


def webhook_headers(
    event_id: str, payload: str, moment: int, secrets: Sequence[str]
) -> dict[str, str]:
    """The headers of one try: one signature per secret, over id, this moment and the payload.

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
    """The bytes of a secret. Strictly: a decoder that skips what is wrong would sign with less."""
    text = secret.removeprefix("whsec_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        # The cause would show the secret.
        raise CannotSign from None
    return key


def next_try_at(tries: int, now: int) -> int:
    """When the next try is due after `tries` of them; after the last, when its end is looked at."""
    return now + (LADDER[tries - 1] if tries < TRIES else LADDER[1])


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address written as IPv6 is judged, and reached, as what it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_loopback(address: IPv4Address | IPv6Address) -> bool:
    return address.is_loopback
