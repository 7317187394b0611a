"""Signed URLs: each lets its holder see the pages of one payment."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

_BYTES: Final = 16


def sign(purpose: str, text: str, key: str) -> str:
    """128 bits of HMAC-SHA256 over purpose and text, as 22 URL-safe characters."""
    message = f"{purpose}\0{text}".encode(errors="surrogatepass")
    mac = hmac.digest(key.encode(), message, hashlib.sha256)
    return base64.urlsafe_b64encode(mac[:_BYTES]).decode().rstrip("=")


def is_signed(purpose: str, text: str, signature: str, keys: Iterable[str]) -> bool:
    """Whether any of the keys made this signature."""
    given = signature.encode(errors="surrogatepass")
    return any(hmac.compare_digest(sign(purpose, text, key).encode(), given) for key in keys if key)


def pay_url(base_url: str, payment_id: str, key: str) -> str:
    """The URL that sends the customer on to Elsom (`checkoutUrl`)."""
    return f"{base_url}/pay/{payment_id}?s={sign('page', payment_id, key)}"


def result_url(base_url: str, payment_id: str, key: str) -> str:
    """The URL of a payment's result page."""
    return f"{base_url}/return/{payment_id}?s={sign('page', payment_id, key)}"
