"""Debian's chromium under Playwright, as a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

FLAGS = [
    "--no-sandbox",  # Chromium refuses root without it
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE = {"width": 360, "height": 740}


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A headless browser that reaches this machine only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def phone(browser: Browser, **more: Any) -> BrowserContext:
    """A browser of its own, without cookies, of a phone's size."""
    options: dict[str, Any] = {"viewport": PHONE, "color_scheme": "light", **more}
    context = browser.new_context(**options)
    context.set_default_timeout(20_000)
    return context


class Watched:
    """Notes what must not happen on a page: script errors, refused policies, requests elsewhere."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._request(request.url))

    def _console(self, message: Any) -> None:
        # The browser itself notes every answer that is no success.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def _request(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:")):
            self.complaints.append(f"asked {url}")


def too_wide(page: Page) -> bool:
    """Whether a person would have to scroll sideways."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )
