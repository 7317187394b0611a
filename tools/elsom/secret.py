"""The merchant's secret: filled in, and its token and keys changed without losing anybody.

Functions keep the secret for four minutes, but read it again before they refuse a token or a
signature, at most every ten seconds. So what is new must be known for longer than that before
anybody uses it:

    token   new beside old ──15 s──▶ the cabinet gets the new address ──▶ the old one is forgotten
    keys    new verifies   ──15 s──▶ new signs, the old ones still verify
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from payments.merchant import REREAD_INTERVAL

Secret = dict[str, Any]

# Seconds until every function would read the secret before it refuses what is new in it.
KNOWN_AFTER: Final = REREAD_INTERVAL / 1000 + 5
KEYS_KEPT: Final = 4
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32,128}")
_RULES: Final = {
    "partnerCode": re.compile(r"[0-9A-Za-z]{1,10}"),
    "password": re.compile(r"[^\x00-\x1f\x7f]{1,100}"),
    "merchantMsisdn": re.compile(r"0[0-9]{9}"),
}
MERCHANT_FIELDS: Final = tuple(_RULES)
_SAY: Final = {
    "partnerCode": "up to 10 letters and digits",
    "password": "1 to 100 characters",
    "merchantMsisdn": "10 digits from 0",
}


class SecretError(Exception):
    """The secret cannot be changed like this; the text says why."""


def check_merchant(given: Mapping[str, str]) -> None:
    """Raise SecretError for a value that Elsom could not take."""
    for name, value in given.items():
        if not _RULES[name].fullmatch(value):
            raise SecretError(f"{name} must be {_SAY[name]}.")


def filled(secret: Secret, merchant: Mapping[str, str]) -> Secret:
    """The secret with the merchant's data, and with tokens and keys where there are none yet."""
    check_merchant(merchant)
    token = str(secret.get("callbackToken") or "")
    return {
        **secret,
        **merchant,
        # A generator may put in what does not survive in a URL.
        "callbackToken": token if _TOKEN.fullmatch(token) else new_token(),
        "previousCallbackToken": secret.get("previousCallbackToken") or "",
        "pageSigningKeys": secret.get("pageSigningKeys") or [new_token()],
        "webhookSecrets": secret.get("webhookSecrets") or [new_webhook_secret()],
    }


def missing(secret: Secret) -> list[str]:
    """What of the secret is not filled in yet, or could not work; never a value."""
    wrong = [
        name for name, rule in _RULES.items() if not rule.fullmatch(str(secret.get(name) or ""))
    ]
    if not _TOKEN.fullmatch(str(secret.get("callbackToken") or "")):
        wrong.append("callbackToken")
    return wrong + [name for name in ("pageSigningKeys", "webhookSecrets") if not secret.get(name)]


def rotate_token(secret: Secret) -> Secret:
    """A new token; the old one is still let in. Raises SecretError while one before it still is."""
    if secret.get("previousCallbackToken"):
        raise SecretError(
            "The token before is still let in. Once the cabinet has the present address,"
            " end the change that is under way: rotate-token --finish"
        )
    return {
        **secret,
        "callbackToken": new_token(),
        "previousCallbackToken": secret.get("callbackToken") or "",
    }


def forget_old_token(secret: Secret) -> Secret:
    """Only the present token is let in."""
    return {**secret, "previousCallbackToken": ""}


def rotate_keys(
    secret: Secret, write: Callable[[Secret], None], wait: Callable[[float], None]
) -> Secret:
    """A new key signs customers' links, the newest few of the old ones still verify."""
    old = list(secret.get("pageSigningKeys") or [])
    new = new_token()
    kept = old[: KEYS_KEPT - 1]
    known = {**secret, "pageSigningKeys": [*kept, new]}
    write(known)
    if kept:
        wait(KNOWN_AFTER)
    signing = {**secret, "pageSigningKeys": [new, *kept]}
    write(signing)
    return signing


def rotate_webhook_secret(secret: Secret) -> Secret:
    """Webhooks get one more signature, by a new secret; the shop may check either."""
    old = list(secret.get("webhookSecrets") or [])
    return {**secret, "webhookSecrets": [new_webhook_secret(), *old[:1]]}


def forget_old_webhook_secrets(secret: Secret) -> Secret:
    """Only the newest secret signs webhooks."""
    return {**secret, "webhookSecrets": list(secret.get("webhookSecrets") or [])[:1]}


def new_token() -> str:
    """43 characters that survive in a URL, of 256 bits."""
    return secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
