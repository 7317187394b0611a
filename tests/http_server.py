"""A web server in this process, for as long as a test needs it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

__all__ = ["Request", "Response", "serving"]

# The benchmarks print what they measure, and nothing else.
logging.getLogger("werkzeug").setLevel(logging.ERROR)


class _Server(HTTPServer):
    def thread_target(self) -> None:
        assert self.server is not None
        # It ends within this time.
        self.server.serve_forever(poll_interval=0.05)


@contextmanager
def serving(handler: Callable[[Request], Response]) -> Iterator[str]:
    """Yield the URL, on a free port of 127.0.0.1; `handler` answers each request in a thread.

    The server ends with the context, which raises what went wrong in the handler.
    """
    with _Server("127.0.0.1", threaded=True) as server:
        server.expect_request(re.compile(".*")).respond_with_handler(handler)
        yield server.url_for("").rstrip("/")
    server.check()
