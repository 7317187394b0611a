"""The Django app: a webhook that keeps every event once, and the newest state of each payment.

INSTALLED_APPS = [..., "elsom_payments_client.django"]
ELSOM_PAYMENTS = {"WEBHOOK_SECRETS": ["whsec_..."], "HANDLER": "shop.payments.on_event"}
urlpatterns = [path("elsom/", include("elsom_payments_client.django.urls"))]
"""
