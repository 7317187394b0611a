"""Pages and redirects, with headers that allow no outside content, framing or referrer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from payments.aws.api_gateway import Response
from payments.domain.errors import (
    NotConfigured,
    NotFound,
    PaymentsError,
    QueueUnavailable,
    StoreUnavailable,
)
from payments.pages.html import SCRIPT, STYLE, notice_page
from payments.pages.texts import Notice

_RETRY_SECONDS: Final = "60"


def _source(text: str) -> str:
    """The hash by which a policy allows an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src {_source(STYLE)}",
        f"script-src {_source(SCRIPT)}",
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def page(status: int, body: str, more: Mapping[str, str] | None = None) -> Response:
    """An HTML page."""
    headers = {**HEADERS, "Content-Type": "text/html; charset=utf-8", **(more or {})}
    return {"statusCode": status, "headers": headers, "body": body}


def redirect(url: str, more: Mapping[str, str] | None = None) -> Response:
    """A redirect to another URL."""
    return {"statusCode": 302, "headers": {**HEADERS, "Location": url, **(more or {})}, "body": ""}


def error_page(error: PaymentsError, shop: str | None) -> Response:
    """The page that a customer sees after an error: what to do, in three languages.

    A wrong signature and an unknown payment have the same page.
    """
    if isinstance(error, NotFound):
        return page(404, notice_page(Notice.NOT_FOUND, shop))
    if isinstance(error, NotConfigured | StoreUnavailable | QueueUnavailable):
        body = notice_page(Notice.UNAVAILABLE, shop, retry=True)
        return page(503, body, {"Retry-After": _RETRY_SECONDS})
    return page(500, notice_page(Notice.BROKEN, shop, retry=True))
