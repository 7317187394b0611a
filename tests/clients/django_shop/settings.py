"""The shop's settings; what differs from test to test is in the environment."""

import json
import os

SECRET_KEY = "made-up-for-tests"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.clients.django_shop.urls"
USE_TZ = os.environ.get("USE_TZ", "1") == "1"
TIME_ZONE = "Asia/Bishkek"
DATABASES = {
    "default": json.loads(os.environ.get("DATABASE_OF_SHOP") or "null")
    or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE_FILE", ":memory:"),
        "OPTIONS": {"timeout": 60},
    }
}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "elsom_payments_client.django",
    "tests.clients.django_shop.apps.ShopConfig",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
ELSOM_PAYMENTS = json.loads(os.environ.get("ELSOM_PAYMENTS", "{}"))
