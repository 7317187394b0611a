"""The time of a page whose clock stands still: moved by seconds, questions answered between."""

from __future__ import annotations

import time
from typing import Final

from playwright.sync_api import Page, Request

BEGINNING: Final = 1_800_000_000


class PassingTime:
    """Installs the clock; open the page after that."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._under_way: set[Request] = set()
        # Else it would go on by itself beside the seconds that are let pass here.
        page.clock.install(time=BEGINNING)
        page.clock.pause_at(BEGINNING + 1)
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)

    def seconds(self, number: int) -> None:
        """Let so many seconds pass; what the page asks meanwhile is answered in no time at all."""
        for _ in range(number):
            self._page.clock.run_for(1_000)
            self._settle()

    def _began(self, request: Request) -> None:
        self._under_way.add(request)

    def _ended(self, request: Request) -> None:
        self._under_way.discard(request)

    def _settle(self) -> None:
        until = time.monotonic() + 10
        self._page.wait_for_timeout(15)
        while self._under_way:
            assert time.monotonic() < until, "a question of the page got no answer"
            self._page.wait_for_timeout(15)
        self._page.evaluate("async () => { for (let turn = 0; turn < 20; turn++) await null; }")
