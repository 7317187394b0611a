"""The setting `ELSOM_PAYMENTS`, read when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from elsom_payments_client.client import ElsomPayments

NAMES = ("API_URL", "HANDLER", "REGION", "WEBHOOK_SECRETS")


def all_settings() -> Mapping[str, Any]:
    """The whole setting. Raises ImproperlyConfigured."""
    found = getattr(settings, "ELSOM_PAYMENTS", None)
    if not isinstance(found, Mapping):
        msg = "ELSOM_PAYMENTS is a dict in your settings"
        raise ImproperlyConfigured(msg)
    unknown = sorted(found.keys() - set(NAMES))
    if unknown:
        msg = f"ELSOM_PAYMENTS has no {', '.join(unknown)}; it has {', '.join(NAMES)}"
        raise ImproperlyConfigured(msg)
    return found


def webhook_secrets() -> list[str]:
    """The secrets that sign webhooks. Raises ImproperlyConfigured."""
    found = all_settings().get("WEBHOOK_SECRETS")
    if isinstance(found, str) or not found:
        msg = 'ELSOM_PAYMENTS["WEBHOOK_SECRETS"] is a list of whsec_...'
        raise ImproperlyConfigured(msg)
    return list(found)


def handler() -> Callable[..., object] | None:
    """The shop's function for events, if there is one. Raises ImproperlyConfigured."""
    path = all_settings().get("HANDLER")
    if path is None or callable(path):
        return path
    try:
        found: Callable[..., object] = import_string(path)
    except ImportError as error:
        msg = f'ELSOM_PAYMENTS["HANDLER"]: {error}'
        raise ImproperlyConfigured(msg) from error
    return found


def api() -> ElsomPayments:
    """The client for the setting's `API_URL`; AWS keys come from botocore's usual places."""
    found = all_settings()
    if not found.get("API_URL"):
        msg = 'ELSOM_PAYMENTS["API_URL"] is the stack\'s output ApiUrl'
        raise ImproperlyConfigured(msg)
    return _api(found["API_URL"], found.get("REGION"))


@lru_cache(maxsize=4)
def _api(url: str, region: str | None) -> ElsomPayments:
    return ElsomPayments(url, region=region)
