"""The merchant portal's one URL: what Elsom sends there reaches the callback function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from tests.failure.stack import TOKEN, Stack
from tests.http_server import Request, Response, serving


@contextmanager
def portal(stack: Stack, then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Take Elsom's notifications one by one; `then` runs after each is kept, before its answer."""
    turn = threading.Lock()

    def take(request: Request) -> Response:
        with turn:
            answer = stack.ring(request.data.decode(), request.path.rpartition("/")[2])
            then()
        return Response(msgspec.json.encode(answer.body), answer.status)

    with serving(take) as url:
        stack.sandbox.control("PUT", "portal", {"url": f"{url}/v1/elsom/{TOKEN}"})
        yield
