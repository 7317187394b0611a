"""What `manage.py check` says about the settings."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, register
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from elsom_payments_client.django import conf
from elsom_payments_client.webhooks import MalformedSecret, WrongSignature, verify_webhook


@register("elsom_payments")
def check_settings(**_: Any) -> list[CheckMessage]:
    """Whether the app could take a webhook in. A warning: an image is built without secrets."""
    found: list[CheckMessage] = []
    try:
        conf.handler()
        # No webhook, so the signature is wrong; secrets are looked at before it.
        verify_webhook(b"", {}, conf.webhook_secrets())
    except WrongSignature:
        pass
    except (ImproperlyConfigured, MalformedSecret) as error:
        found.append(CheckWarning(str(error), id="elsom_payments.W001"))
    return found
