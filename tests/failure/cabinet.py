"""The merchant cabinet's one URL: what Elsom sends there reaches the callback function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from tests.failure.house import TOKEN, House
from tests.http_server import PostHandler, serving


@contextmanager
def cabinet(house: House, then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Take Elsom's notifications one by one; `then` runs after each is kept, before its answer."""
    turn = threading.Lock()

    class Handler(PostHandler):
        def post(self, body: bytes) -> None:
            with turn:
                answer = house.ring(body.decode(), self.path.rpartition("/")[2])
                then()
            self.answer(answer.status, msgspec.json.encode(answer.body))

    with serving(Handler) as url:
        house.sandbox.control("PUT", "cabinet", {"url": f"{url}/v1/elsom/{TOKEN}"})
        yield
