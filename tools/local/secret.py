"""What the secret holds on a local cloud: the sandbox's merchant, and keys made once and kept."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

MERCHANT: Final = {
    "partnerCode": "00609",
    "password": "sandbox-password",
    "merchantMsisdn": "0901015003",
}
URL_SAFE: Final = re.compile(r"[A-Za-z0-9_-]{16,}")


def sandbox_secret(current: Mapping[str, Any]) -> dict[str, Any]:
    """The secret with everything that a start needs; keys that are there already stay."""
    token = str(current.get("callbackToken") or "")
    return {
        **current,
        **MERCHANT,
        # The local AWS's generator puts punctuation into it, which does not survive in a path.
        "callbackToken": token if URL_SAFE.fullmatch(token) else secrets.token_urlsafe(32),
        "previousCallbackToken": current.get("previousCallbackToken") or "",
        "pageSigningKeys": current.get("pageSigningKeys") or [secrets.token_urlsafe(32)],
        "webhookSecrets": current.get("webhookSecrets") or [webhook_secret()],
    }


def webhook_secret() -> str:
    """A new secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
