"""Drives a sandbox that runs as its own process, and plays the merchant it notifies."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests import http_server

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


_HTTP = requests.Session()
_HTTP.trust_env = False


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
    trusted: Path | None = None,
) -> Response:
    """One request without redirects; an HTTP error is an answer, a network error is raised."""
    headers = {} if body is None else {"Content-Type": content_type}
    answer = _HTTP.request(
        verb,
        url,
        data=body,
        headers=headers,
        timeout=seconds,
        allow_redirects=False,
        verify=str(trusted) if trusted else True,
    )
    return Response(answer.status_code, answer.content, dict(answer.headers))


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
    trusted: Path | None = None

    @classmethod
    def start(cls, *arguments: str, trusted: Path | None = None) -> "SandboxProcess":
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
        return cls(url, process, found[2] or url, trusted)

    def stop(self) -> tuple[int, str]:
        """End it; its exit code and what it wrote to stderr."""
        self.process.terminate()
        _, errors = self.process.communicate(timeout=5)
        return self.process.returncode, errors

    def post(self, document: Any, path: str = "/any/path", seconds: float = 10) -> Response:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return query(self.url + path, "POST", body, seconds=seconds, trusted=self.trusted)

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
        return query(f"{self.control_url}/_sandbox/{path}", verb, body, trusted=self.trusted).json()

    def transaction(self, trn: str) -> Any:
        return self.control("GET", f"transactions/{trn}")

    def calls(self, trn: str, method: str = "") -> Any:
        query = urllib.parse.urlencode({"trn": trn} | ({"method": method} if method else {}))
        return self.control("GET", f"calls?{query}")["items"]

    def get(self, path: str) -> Response:
        return query(self.url + path, trusted=self.trusted)

    def send_form(self, url: str, **fields: str) -> Response:
        body = urllib.parse.urlencode(fields).encode()
        return query(url, "POST", body, "application/x-www-form-urlencoded")


@dataclass
class MerchantPortal:
    """The merchant's one URL: keeps what arrives, answers as told."""

    status: int = 200
    delay_seconds: float = 0
    received: list[tuple[float, str, dict[str, str], bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._running = ExitStack()
        url = self._running.enter_context(http_server.serving(self._answer))
        self.url = f"{url}/v1/elsom/portal-token"

    def _answer(self, request: http_server.Request) -> http_server.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append((time.monotonic(), request.path, headers, request.data))
        time.sleep(self.delay_seconds)
        answer = '{"Response": {"ErrorCode": "0", "ErrorMsg": "Success"}}'
        return http_server.Response(answer, self.status, {"Location": "/elsewhere"})

    def stop(self) -> None:
        self._running.close()

    def notifications(self, trn: str) -> list[Any]:
        """The fields of every PartnerPaymentResult about a payment."""
        documents = [json.loads(body) for _, _, _, body in self.received]
        found = [document.get("PartnerPaymentResult", {}) for document in documents]
        return [fields for fields in found if fields.get("PartnerTrnID") == trn]
