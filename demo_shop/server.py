"""The shop over HTTP, on this machine only."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from demo_shop import pages
from demo_shop.shop import GOODS, Order, Shop
from demo_shop.stack import StackMissing
from demo_shop.texts import TEXTS
from elsom_payments_client import ApiError, ApiUnreachable, WrongSignature

HOST: Final = "127.0.0.1"
_LONGEST_BODY: Final = 256 * 1024
_ORDER: Final = re.compile(r"/orders/([0-9A-Z]{20})(/live)?")
_KEY: Final = re.compile(r"[0-9a-f]{16}")
_STATIC: Final = {
    "/static/shop.css": "text/css; charset=utf-8",
    "/static/live.js": "text/javascript; charset=utf-8",
}
_HTML: Final = "text/html; charset=utf-8"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    # No form-action: buying is a form whose answer leads to Elsom.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self';"
    " connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Reply:
    """What is sent back."""

    status: int
    body: str = ""
    kind: str = _HTML
    headers: Mapping[str, str] = field(default_factory=dict)


class ShopServer(ThreadingHTTPServer):
    """One shop on one port. Port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, shop: Shop, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.shop = shop

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that left before it had its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # any socket

    def is_own_name(self, host: str) -> bool:
        """Whether a Host header names this server: no other site's name may lead here."""
        return host in {f"{HOST}:{self.port}", f"localhost:{self.port}"}


class _Handler(BaseHTTPRequestHandler):
    server: ShopServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self._serve(self._read_page)

    def do_POST(self) -> None:
        self._serve(self._take_in)

    def log_message(self, *_args: object) -> None:
        """Say nothing: the terminal belongs to whoever started the shop."""

    def _serve(self, answer: Callable[[str, dict[str, str], str], Reply]) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        language = query.get("lang", "ru")
        language = language if language in TEXTS else "ru"
        if not self.server.is_own_name(self.headers.get("Host", "")):
            self._send(Reply(421, "Not this host.", "text/plain"))
            return
        try:
            reply = answer(address.path, query, language)
        except (StackMissing, ApiUnreachable) as error:
            reply = Reply(503, pages.message(f"{TEXTS[language]['failed']}: {error}", language))
        except ApiError as error:
            reply = Reply(502, pages.message(f"{TEXTS[language]['failed']}: {error}", language))
        self._send(reply)

    def _read_page(self, path: str, query: dict[str, str], language: str) -> Reply:
        shop = self.server.shop
        if path in _STATIC:
            return Reply(200, (Path(__file__).parent / path[1:]).read_text("utf-8"), _STATIC[path])
        if path == "/health":
            return Reply(200, "ok", "text/plain")
        if path == "/" and (order := shop.order_of(query.get("paymentId", ""))):
            return self._order(order, query, order.language, whole=True)
        if path == "/":
            return Reply(200, pages.front(shop.orders(), language))
        if match := _ORDER.fullmatch(path):
            found = shop.order_of(match[1])
            if found:
                return self._order(found, query, language, whole=match[2] is None)
        return Reply(404, pages.message(TEXTS[language]["unknown"], language))

    def _order(self, order: Order, query: dict[str, str], language: str, *, whole: bool) -> Reply:
        payment, timeline = self.server.shop.look(order)
        hint = query.get("status", "")[:30]
        make = pages.order_page if whole else pages.live
        return Reply(200, make(order, payment, timeline, hint, language))

    def _take_in(self, path: str, _query: dict[str, str], language: str) -> Reply:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LONGEST_BODY:
            self.close_connection = True
            return Reply(413, "A body with a length up to 256 KB.", "text/plain")
        body = self.rfile.read(int(length))
        if path == "/webhooks":
            return self._webhook(body)
        if path == "/buy":
            return self._buy(body, language)
        return Reply(404, pages.message(TEXTS[language]["unknown"], language))

    def _webhook(self, body: bytes) -> Reply:
        try:
            self.server.shop.receive(body, dict(self.headers.items()))
        except WrongSignature:
            return Reply(401, "The signature is wrong.", "text/plain")
        return Reply(204)

    def _buy(self, body: bytes, language: str) -> Reply:
        form = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        good = GOODS.get(form.get("good", ""))
        key = form.get("key", "")
        if good is None or not _KEY.fullmatch(key):
            return Reply(400, pages.message(TEXTS[language]["unknown"], language))
        order = self.server.shop.buy(key, good, language)
        payment = order.payment
        if payment and payment.checkout_url:
            return Reply(303, headers={"Location": payment.checkout_url})
        return Reply(303, headers={"Location": f"/orders/{payment.id if payment else ''}"})

    def _send(self, reply: Reply) -> None:
        body = reply.body.encode()
        self.send_response(reply.status)
        for name, value in {**_HEADERS, "Content-Type": reply.kind, **reply.headers}.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
