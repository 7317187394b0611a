"""Is this webhook ours, and what does it say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from standardwebhooks import Webhook, WebhookVerificationError

from elsom_payments_client.types import Event


class WrongSignature(Exception):
    """No secret of yours signed this: answer 401 and do nothing."""


def verify_webhook(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> Event:
    """Check a webhook's signature (Standard Webhooks) with each secret; raise WrongSignature.

    `body` is the request's raw bytes, before any JSON parser saw them.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    for secret in secrets:
        try:
            Webhook(secret).verify(body, lower)
        except WebhookVerificationError:
            continue
        return Event.from_json(json.loads(body))
    msg = "the webhook's signature matches no secret"
    raise WrongSignature(msg)
