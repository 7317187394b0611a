"""One address, `webhook`: the stack's parameter ShopWebhookUrl."""

from __future__ import annotations

from django.urls import path

from elsom_payments_client.django.views import webhook

app_name = "elsom_payments"
urlpatterns = [path("webhook", webhook, name="webhook")]
