"""The merchant cabinet's one URL: what Elsom sends there reaches the callback function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from tests.failure.house import TOKEN, House


@contextmanager
def cabinet(house: House, then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Take Elsom's notifications one by one; `then` runs after each is kept, before its answer."""
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with turn:
                answer = house.ring(body, self.path.rpartition("/")[2])
                then()
            said = msgspec.json.encode(answer.body)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/elsom/{TOKEN}"
    house.sandbox.control("PUT", "cabinet", {"url": url})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
