"""How Django finds the shop."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "tests.clients.django_shop"
    label = "shop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from tests.clients.django_shop import payments  # noqa: F401, PLC0415 - it listens
