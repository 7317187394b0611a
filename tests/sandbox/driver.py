"""Drives a sandbox that runs as its own process, and plays the merchant it notifies."""

import functools
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_FIELDS = {
    "CultureInfo": "ru-RU",
    "MSISDN": "0556109910",
    "PmSISDN": "0901015003",
    "PartnerCode": "00609",
    "Password": "sandbox-password",
    "ChequeNo": "123",
    "PartnerTrnID": "test_24",
    "Amount": "10",
    "CashierNo": "0001",
    "UDF": "browserName",
}
STATUS_FIELDS = {
    "CultureInfo": "ru-Ru",
    "MSISDN": "0901015003",
    "PartnerTrnID": "test_24",
    "Password": "sandbox-password",
}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any) -> None:
        return


@functools.cache
def _opener(context: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    https = urllib.request.HTTPSHandler(context=context)
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect(), https)


@dataclass
class Response:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


def query(
    url: str,
    verb: str = "GET",
    body: bytes | None = None,
    content_type: str = "application/json; charset=utf-8",
    seconds: float = 10,
    context: ssl.SSLContext | None = None,
) -> Response:
    """One request without redirects; an HTTP error is an answer, a network error is raised."""
    request = urllib.request.Request(url, data=body, method=verb)
    if body is not None:
        request.add_header("Content-Type", content_type)
    try:
        with _opener(context).open(request, timeout=seconds) as answer:
            return Response(answer.status, answer.read(), dict(answer.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.code, error.read(), dict(error.headers))


def eventually[T](prompt: Callable[[], T], seconds: float = 5) -> T:
    """The first true answer; fails when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        if outcome := prompt():
            return outcome
        assert time.monotonic() < end, "this never became true"
        time.sleep(0.02)


@dataclass
class SandboxProcess:
    url: str
    process: subprocess.Popen[str]
    control_url: str = ""
    context: ssl.SSLContext | None = None

    @classmethod
    def start(cls, *arguments: str, context: ssl.SSLContext | None = None) -> "SandboxProcess":
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"Elsom sandbox ready: (\S+?)/(?:, control (\S+))?\n", line)
        if found is None:
            process.kill()
            raise AssertionError(f"not ready: {line!r} {process.communicate()[1]!r}")
        url = found[1]
        return cls(url, process, found[2] or url, context)

    def stop(self) -> tuple[int, str]:
        """End it; its exit code and what it wrote to stderr."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=5)
        return self.process.returncode, errors

    def post(self, document: Any, path: str = "/any/path", seconds: float = 10) -> Response:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return query(self.url + path, "POST", body, seconds=seconds, context=self.context)

    def start_payment(self, seconds: float = 10, **changes: Any) -> Response:
        return self.post({"IA_Init": START_FIELDS | changes}, seconds=seconds)

    def pay_url(self, **changes: Any) -> str:
        return str(self.start_payment(**changes).json()["Response"]["Result"]["URL"])

    def query_status(self, seconds: float = 10, **changes: Any) -> Response:
        return self.post({"PartnerGetPaymentStatus": STATUS_FIELDS | changes}, seconds=seconds)

    def status(self, trn: str) -> str:
        return str(self.query_status(PartnerTrnID=trn).json()["Result"]["PaymentStatus"])

    def control(self, verb: str, path: str, document: Any = None) -> Any:
        body = None if document is None else json.dumps(document).encode()
        return query(f"{self.control_url}/_sandbox/{path}", verb, body, context=self.context).json()

    def transaction(self, trn: str) -> Any:
        return self.control("GET", f"transactions/{trn}")

    def calls(self, trn: str, method: str = "") -> Any:
        query = urllib.parse.urlencode({"trn": trn} | ({"method": method} if method else {}))
        return self.control("GET", f"calls?{query}")["items"]

    def get(self, path: str) -> Response:
        return query(self.url + path, context=self.context)

    def send_form(self, url: str, **fields: str) -> Response:
        body = urllib.parse.urlencode(fields).encode()
        return query(url, "POST", body, "application/x-www-form-urlencoded")


class _PortalServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@dataclass
class MerchantPortal:
    """The merchant's one URL: keeps what arrives, answers as told."""

    status: int = 200
    delay_seconds: float = 0
    received: list[tuple[float, str, dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                portal.received.append((time.monotonic(), self.path, headers, body))
                time.sleep(portal.delay_seconds)
                answer = b'{"Response": {"ErrorCode": "0", "ErrorMsg": "Success"}}'
                self.send_response(portal.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_args: Any) -> None:
                return

        self._server = _PortalServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/elsom/portal-token"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def notifications(self, trn: str) -> list[Any]:
        """The fields of every PartnerPaymentResult about a payment."""
        documents = [json.loads(body) for _, _, _, body in self.received]
        found = [document.get("PartnerPaymentResult", {}) for document in documents]
        return [fields for fields in found if fields.get("PartnerTrnID") == trn]
