"""Something done again and again beside a test."""

from __future__ import annotations

import threading
from collections.abc import Callable

import requests


class Load:
    """Something done again and again beside everything else; every failure is kept."""

    def __init__(self, once: Callable[[], int]) -> None:
        self._once = once
        self._stop = threading.Event()
        self.done = 0
        self.failed: list[int] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            status = self._once()
            self.done += 1
            if status not in {200, 302}:
                self.failed.append(status)
            self._stop.wait(0.05)

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def stay(url: str) -> int:
    """The status of a page, redirects not followed."""
    return requests.get(url, timeout=20, allow_redirects=False).status_code
