"""How Django finds the app."""

from __future__ import annotations

from django.apps import AppConfig


class ElsomPaymentsConfig(AppConfig):
    """The app `elsom_payments`."""

    name = "elsom_payments_client.django"
    label = "elsom_payments"
    verbose_name = "Elsom Payments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have `manage.py check` look at the settings."""
        from elsom_payments_client.django import checks  # noqa: F401, PLC0415 - it registers itself
