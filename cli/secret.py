"""The merchant's secret: filled in, and its token and keys changed without losing anybody.

Functions keep the secret for four minutes, but read it again before they refuse a token or a
signature, at most every ten seconds. So what is new must be known for longer than that before
anybody uses it:

    token     new beside old ──15 s──▶ Elsom gets the new address ──finish──▶ the old one goes
    keys      new verifies   ──15 s──▶ new signs, old ones verify ──finish──▶ the oldest goes
    webhooks  signed by both ────────▶ the shop gets the new one  ──finish──▶ the old one goes

The first command never takes anything away, however often it is run. `--finish` does, and refuses
until every function has taken up the change before it.
"""

from __future__ import annotations

import base64
import math
import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from cli.errors import CliError
from payments.aws.merchant_secret import REREAD_INTERVAL

Secret = dict[str, Any]

# Seconds until every function would read the secret before it refuses what is new in it.
KNOWN_AFTER: Final = REREAD_INTERVAL / 1000 + 5
# Seconds until every function works with the new secret, whatever it held before.
TAKEN_UP_AFTER: Final = 300.0
KEYS_KEPT: Final = 4
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32,128}")
_RULES: Final = {
    "partnerCode": (re.compile(r"[0-9A-Za-z]{1,10}"), "up to 10 letters and digits"),
    "password": (re.compile(r"[^\x00-\x1f\x7f]{1,100}"), "1 to 100 characters"),
    "merchantMsisdn": (re.compile(r"0[0-9]{9}"), "10 digits from 0"),
}


class SecretError(CliError):
    """The secret cannot be changed like this; the text says why."""


def check_merchant(given: Mapping[str, str]) -> None:
    """Raise SecretError for a value that Elsom could not take."""
    for name, value in given.items():
        rule, said = _RULES[name]
        if not rule.fullmatch(value):
            raise SecretError(f"{name} must be {said}.")


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
        name
        for name, (rule, _) in _RULES.items()
        if not rule.fullmatch(str(secret.get(name) or ""))
    ]
    if not _TOKEN.fullmatch(str(secret.get("callbackToken") or "")):
        wrong.append("callbackToken")
    return wrong + [name for name in ("pageSigningKeys", "webhookSecrets") if not secret.get(name)]


def rotate_token(secret: Secret) -> Secret:
    """A new token; the old one is still accepted. Raises SecretError while one before it is."""
    if secret.get("previousCallbackToken"):
        raise SecretError(
            "The previous token is still accepted. Once Elsom's merchant portal has the present"
            " address, end the change that is under way: ./elsom rotate-token --finish"
        )
    return {
        **secret,
        "callbackToken": new_token(),
        "previousCallbackToken": secret.get("callbackToken") or "",
    }


def forget_old_token(secret: Secret, age: float) -> Secret:
    """Only the present token is accepted. `age`: seconds since the secret was changed."""
    under_way = bool(secret.get("previousCallbackToken"))
    return _finished(secret, age, under_way, previousCallbackToken="")


def rotate_keys(
    secret: Secret, write: Callable[[Secret], None], wait: Callable[[float], None]
) -> Secret:
    """A new key signs customers' links, all old ones verify. SecretError: there is no room."""
    old = list(secret.get("pageSigningKeys") or [])
    if len(old) >= KEYS_KEPT:
        raise SecretError(
            f"There are {len(old)} keys already. Links that the oldest one signed end with it;"
            " forget it first: ./elsom rotate-keys --finish"
        )
    new = new_token()
    known = {**secret, "pageSigningKeys": [*old, new]}
    write(known)
    if old:
        wait(KNOWN_AFTER)
    signing = {**secret, "pageSigningKeys": [new, *old]}
    write(signing)
    return signing


def forget_oldest_key(secret: Secret, age: float) -> Secret:
    """All keys but the oldest; links that it signed end. `age` as above."""
    keys = list(secret.get("pageSigningKeys") or [])
    return _finished(secret, age, len(keys) > 1, pageSigningKeys=keys[:-1])


def rotate_webhook_secret(secret: Secret) -> Secret:
    """Webhooks get one more signature, by a new secret; the shop may check either.

    While such a change is under way nothing is changed: the secret in use would fall out.
    """
    old = list(secret.get("webhookSecrets") or [])
    if len(old) > 1:
        return secret
    return {**secret, "webhookSecrets": [new_webhook_secret(), *old]}


def forget_old_webhook_secrets(secret: Secret, age: float) -> Secret:
    """Only the newest secret signs webhooks. `age` as above."""
    known = list(secret.get("webhookSecrets") or [])
    return _finished(secret, age, len(known) > 1, webhookSecrets=known[:1])


def _finished(secret: Secret, age: float, under_way: bool, **changes: Any) -> Secret:
    """The secret after a change. SecretError: none was begun, or functions do not know it yet."""
    if not under_way:
        raise SecretError("No change is under way: there is nothing to finish.")
    left = math.ceil(TAKEN_UP_AFTER - age)
    if left > 0:
        raise SecretError(
            "What would be forgotten is still in use: functions take up a change within"
            f" {TAKEN_UP_AFTER / 60:.0f} minutes. Repeat this in {left} s, once the other side has"
            " the new value."
        )
    return secret | changes


def new_token() -> str:
    """43 characters that survive in a URL, of 256 bits."""
    return secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """A secret in the form of Standard Webhooks."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
