"""Is this webhook ours, and what does it say."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from elsom_payments_client.types import Event

_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=", re.ASCII)
# One signature for each of the sender's secrets; whoever sends more is not the sender.
_LONGEST_HEADER = 4_096
_NO_EVENT = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


class WrongSignature(Exception):
    """No secret of yours signed this: answer 401 and do nothing."""


class MalformedSecret(ValueError):
    """One of the secrets you gave is not `whsec_` and base64: correct your settings."""


def verify_webhook(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> Event:
    """Check a webhook's signature (Standard Webhooks) with each secret; raise WrongSignature.

    `body` is the request's raw bytes, before any JSON parser saw them. Whatever a request holds, it
    raises nothing but WrongSignature. MalformedSecret is about `secrets` alone, and comes before
    the request is looked at.
    """
    keys = [_key(number, secret) for number, secret in enumerate(secrets, start=1)]
    signed = _signed(headers)
    for key in keys:
        try:
            Webhook(key).verify(body, signed, json_parse=False)
        except (WebhookVerificationError, UnicodeError):
            continue
        return _event(body)
    msg = "the webhook's signature matches no secret"
    raise WrongSignature(msg)


def _key(number: int, secret: object) -> bytes:
    """The bytes of a secret; what it holds never enters the error."""
    text = secret.removeprefix("whsec_") if isinstance(secret, str) else ""
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        msg = f"secret {number} is not whsec_ and base64"
        # The cause would show the secret.
        raise MalformedSecret(msg) from None
    return key


def _signed(headers: Mapping[str, str]) -> dict[str, str]:
    """The three headers that the signature is about, with the signatures that can be one."""
    given: Mapping[str, object] = headers
    found = {
        name.lower(): value
        for name, value in given.items()
        if isinstance(value, str) and len(value) <= _LONGEST_HEADER
    }
    signatures = filter(_SIGNATURE.fullmatch, found.get("webhook-signature", "").split(" "))
    signed = {
        "webhook-id": found.get("webhook-id", ""),
        "webhook-timestamp": found.get("webhook-timestamp", ""),
        "webhook-signature": " ".join(signatures),
    }
    if not (all(signed.values()) and _TIMESTAMP.fullmatch(signed["webhook-timestamp"])):
        msg = "the webhook's headers are missing or malformed"
        raise WrongSignature(msg)
    return signed


def _event(body: bytes) -> Event:
    try:
        return Event.from_json(json.loads(body))
    except _NO_EVENT as error:
        msg = "the webhook is signed, but it is not an event"
        raise WrongSignature(msg) from error
