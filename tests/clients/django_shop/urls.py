"""The admin pages and the webhook."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("elsom/", include("elsom_payments_client.django.urls")),
]
