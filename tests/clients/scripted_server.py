"""An API that answers as a scenario says, and checks each request, its signature and its time."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY_ID: Final = "AKIAMADEUPFORTESTS"
SECRET_KEY: Final = "made+up/secret+of+the/tests"
REGION: Final = "eu-central-1"
# With characters that a signature has to encode twice.
BASE_PATH: Final = "/shop%20one/v1"
# Timers may fire a little early.
_EARLY_SECONDS: Final = 0.05
_DATE: Final = re.compile(r"\{date in (\d+) s\}")


@dataclass
class ScriptedServer:
    """`begin` a scenario, have the client call, then read `mismatches`."""

    port: int
    documents: Mapping[str, Any]
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    mismatches: list[str] = field(default_factory=list)
    requests: int = 0
    answered_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE_PATH}"

    def begin(self, exchanges: list[dict[str, Any]]) -> None:
        self.exchanges, self.mismatches, self.requests = list(exchanges), [], 0
        self.answered_at = 0.0

    def left(self) -> int:
        """How many exchanges the client did not come for."""
        return len([one for one in self.exchanges if not one.get("repeats")])

    def take(self, request: Received) -> dict[str, Any]:
        """What to answer; notes what is not as the scenario says."""
        with self.lock:
            self.requests += 1
            number = self.requests
            if not self.exchanges:
                self.mismatches.append(f"request {number} was not expected: {request.target}")
                return {"status": 400, "body": {"type": "urn:elsom-payments:problem:not-expected"}}
            exchange = self.exchanges[0]
            if not exchange.get("repeats"):
                self.exchanges.pop(0)
            waited = time.monotonic() - self.answered_at
            if waited < exchange.get("after", 0) - _EARLY_SECONDS:
                self.mismatches.append(
                    f"request {number} came after {waited:.2f} s, not {exchange['after']} s"
                )
            found = [*differences(exchange.get("request", {}), request), *unsigned(request)]
            self.mismatches += [f"request {number}: {text}" for text in found]
            answer: dict[str, Any] = exchange["response"]
            return answer


@dataclass(frozen=True)
class Received:
    """One request as it was on the connection. `target`: path and query, not decoded."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    port: int


def differences(wanted: Mapping[str, Any], request: Received) -> Iterator[str]:
    """What of the request is not as the scenario wants it."""
    parts = urlsplit(request.target)
    path = parts.path.removeprefix(BASE_PATH)
    if "method" in wanted and (request.method, path) != (wanted["method"], wanted["path"]):
        yield f"{request.method} {path}, not {wanted['method']} {wanted['path']}"
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "query" in wanted and query != wanted["query"]:
        yield f"query {query}, not {wanted['query']}"
    if "+" in parts.query:
        yield "a blank in the query is sent as +, which AWS signs as %20"
    for name, value in wanted.get("headers", {}).items():
        given = request.headers.get(name.lower(), "")
        if given.partition(";")[0] != value:
            yield f"header {name} is {given!r}, not {value!r}"
    if "body" in wanted and json.loads(request.body or b"null") != wanted["body"]:
        yield f"body {request.body!r}, not {wanted['body']}"


def unsigned(request: Received) -> Iterator[str]:
    """Whether botocore, given the same request, makes another signature."""
    given = request.headers.get("authorization", "")
    names = re.search(r"SignedHeaders=([a-z0-9;-]+)", given)
    if not names:
        yield "it is not signed"
        return
    signed = names[1].split(";")
    needed = {"host", "x-amz-date", *({"idempotency-key"} & request.headers.keys())}
    if not needed <= set(signed):
        yield f"only {signed} are signed"
    headers = {name: request.headers.get(name, "") for name in signed}
    wanted = AWSRequest(
        request.method,
        f"http://127.0.0.1:{request.port}{request.target}",
        headers=headers,
        data=request.body,
    )
    wanted.context["timestamp"] = request.headers.get("x-amz-date", "")
    credentials = Credentials(KEY_ID, SECRET_KEY)
    signer = SigV4Auth(credentials, "execute-api", REGION)
    text = signer.string_to_sign(wanted, signer.canonical_request(wanted))
    signature = signer.signature(text, wanted)
    if f"Credential={signer.scope(wanted)}" not in given or f"Signature={signature}" not in given:
        yield f"botocore signs it otherwise: {request.method} {request.target} {headers}"
    sent = datetime.strptime(headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - sent) > timedelta(minutes=1):
        yield f"it was signed at {sent}"


@contextmanager
def serving_script(documents: Mapping[str, Any]) -> Iterator[ScriptedServer]:
    """A server on a free port of 127.0.0.1; it ends with the context."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Received(self.command, self.path, headers, body, script.port)
            answer = script.take(request)
            if answer.get("breaks"):
                self.close_connection = True
            else:
                self._send(answer)
            script.answered_at = time.monotonic()

        def _send(self, answer: Mapping[str, Any]) -> None:
            body = answer.get("body", "")
            body = script.documents[body] if isinstance(body, str) and body else body
            kind = "application/problem+json" if answer["status"] >= 400 else "application/json"
            content = answer["text"] if "text" in answer else json.dumps(body, ensure_ascii=False)
            self.send_response(answer["status"])
            self.send_header("Content-Type", "text/html" if "text" in answer else kind)
            self.send_header("Content-Length", str(len(content.encode())))
            for name, value in answer.get("headers", {}).items():
                self.send_header(name, _DATE.sub(_date, value))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script = ScriptedServer(server.server_address[1], documents)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _date(match: re.Match[str]) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=int(match[1]))
    return format_datetime(moment, usegmt=True)
