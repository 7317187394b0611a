"""A PagesWorld behind a small HTTP server on 127.0.0.1, addressed as the local AWS is."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from payments.domain.signed_urls import pay_url, result_url
from tests.browser.world import KEY, ROUTES, TOKEN, PagesWorld, event_of
from tests.fakes.payments import PAYMENT_ID

PREFIX = "/_aws/execute-api/api/v1"
_PATTERNS = {
    route: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route) + "$") for route in ROUTES
}


class PagesServer(ThreadingHTTPServer):
    """Serves `world`; one request at a time sees it, as one payment has one writer at a time."""

    daemon_threads = True

    def __init__(self, world: PagesWorld) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world = world
        self.lock = threading.Lock()
        # The route of every request, oldest first.
        self.requests: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"http://{self.host}{PREFIX}"

    def result_url(self, payment_id: str = PAYMENT_ID) -> str:
        return result_url(self.base_url, payment_id, KEY)

    def pay_url(self, payment_id: str = PAYMENT_ID) -> str:
        return pay_url(self.base_url, payment_id, KEY)

    def back_url(self) -> str:
        return f"{self.base_url}/elsom/{TOKEN}"


class _Handler(BaseHTTPRequestHandler):
    server: PagesServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path = address.path.removeprefix(PREFIX)
        for route, pattern in _PATTERNS.items():
            if match := pattern.match(path):
                self._serve(route, match.groupdict(), dict(parse_qsl(address.query)))
                return
        self.send_error(404)

    def _serve(self, route: str, parameters: dict[str, str], query: dict[str, str]) -> None:
        cookie = self.headers.get("Cookie", "")
        wanted = self.headers.get("Accept-Language", "")
        event = event_of(route, parameters, query, cookie, self.server.host, wanted)
        with self.server.lock:
            self.server.requests.append(route)
            answer = self.server.world.answer(event)
        body = answer["body"].encode()
        self.send_response(answer["statusCode"])
        for name, value in answer["headers"].items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        return None


@contextmanager
def serving(world: PagesWorld) -> Iterator[PagesServer]:
    """The world's pages over HTTP, until the block ends."""
    with PagesServer(world) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
