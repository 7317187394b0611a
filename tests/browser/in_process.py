"""A PagesWorld behind a small HTTP server on 127.0.0.1, addressed as the local AWS is."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from payments.domain.signed_urls import pay_url, result_url
from tests.browser.world import KEY, ROUTES, TOKEN, PagesWorld, event_of
from tests.fakes.payments import PAYMENT_ID
from tests.http_server import Request, Response
from tests.http_server import serving as serving_http

PREFIX = "/_aws/execute-api/api/v1"
_PATTERNS = {
    route: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route) + "$") for route in ROUTES
}


@dataclass
class PagesServer:
    """Serves `world`; one request at a time sees it, as one payment has one writer at a time."""

    world: PagesWorld
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    # The route of every request, oldest first.
    requests: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"{self.url}{PREFIX}"

    def result_url(self, payment_id: str = PAYMENT_ID) -> str:
        return result_url(self.base_url, payment_id, KEY)

    def pay_url(self, payment_id: str = PAYMENT_ID) -> str:
        return pay_url(self.base_url, payment_id, KEY)

    def back_url(self) -> str:
        return f"{self.base_url}/elsom/{TOKEN}"

    def answer(self, request: Request) -> Response:
        path = request.path.removeprefix(PREFIX)
        for route, pattern in _PATTERNS.items():
            if match := pattern.match(path):
                return self._serve(route, match.groupdict(), request)
        return Response(status=404)

    def _serve(self, route: str, parameters: dict[str, str], request: Request) -> Response:
        cookie = request.headers.get("Cookie", "")
        wanted = request.headers.get("Accept-Language", "")
        event = event_of(route, parameters, dict(request.args), cookie, request.host, wanted)
        with self.lock:
            self.requests.append(route)
            answer = self.world.answer(event)
        return Response(answer["body"], answer["statusCode"], answer["headers"])


@contextmanager
def serving(world: PagesWorld) -> Iterator[PagesServer]:
    """The world's pages over HTTP, until the block ends."""
    server = PagesServer(world)
    with serving_http(server.answer) as server.url:
        yield server
