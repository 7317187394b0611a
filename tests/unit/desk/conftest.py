"""An API without anything in it, and a desk on this machine over it."""

from __future__ import annotations

import pytest

from desk.access import LocalAccess
from desk.app import Options, create_app
from tests.unit.desk.scripted import NOW, Browser, ScriptedApi


@pytest.fixture
def api() -> ScriptedApi:
    return ScriptedApi()


@pytest.fixture
def browser(api: ScriptedApi) -> Browser:
    """English, and let in."""
    app = create_app(api, LocalAccess("aida", None), Options(stack="shop", clock=lambda: NOW))
    client = app.test_client()
    client.set_cookie("desk-language", "en")
    return Browser(client)
