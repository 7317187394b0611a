"""The HTTP client, used nowhere else: one POST, and whether it may have reached the server.

A failure before the connection is established is `NotSent`, every later one `MaybeSent`. The
request is sent by requests' adapter, since its sessions read more than is needed:
docs/decisions/http-client-below-the-session.md.
"""

from __future__ import annotations

import io
import ipaddress
import re
import socket
import ssl
import threading
import time
import traceback
import warnings
from collections.abc import Buffer, Mapping
from contextlib import suppress
from functools import partial
from http.client import BadStatusLine, HTTPResponse, IncompleteRead
from typing import Any, Final

import certifi
import msgspec
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util.connection import create_connection
from urllib3.util.ssl_match_hostname import CertificateError as WrongName

with warnings.catch_warnings():
    # The layer leaves out charset_normalizer, which guesses encodings: replies are bytes here.
    warnings.filterwarnings("ignore", message="Unable to find acceptable character detection")
    import requests
    from requests.adapters import HTTPAdapter

MAX_REPLY_BYTES: Final = 64 * 1024
# Of a whole response: its heads, its body, and the lines between the chunks of the body.
_MAX_RAW_BYTES: Final = 4 * MAX_REPLY_BYTES
# No compressed body is requested; one that comes all the same is decompressed up to the limit.
_HEADERS: Final = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
    "User-Agent": requests.utils.default_user_agent(),
}


class NotSent(Exception):
    """Nothing was sent: name, connection, its time-out, or the TLS handshake failed."""


class MaybeSent(Exception):
    """It failed after the connection was established: the server may have got the request."""


class Reply(msgspec.Struct, frozen=True):
    """Status code and at most `MAX_REPLY_BYTES` of the body; `whole`: that was all of it."""

    status: int
    body: bytes
    whole: bool = True


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits in seconds: for the connection, for each read, and for the whole call."""

    connect: float
    read: float
    total: float


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """How the server's certificate is checked; the check cannot be switched off."""

    context: ssl.SSLContext
    server_name: str | None = None


def tls(ca_bundle: str | None = None, server_name: str | None = None) -> Tls:
    """Trust the public authorities, or only those of `ca_bundle` (PEM) when it is given.

    With `ca_bundle` the strict X.509 flag is cleared, since Python 3.13 refuses private
    certificates without an Authority Key Identifier. Chain, dates and name are still checked.
    """
    if ca_bundle is None:
        context = ssl.create_default_context(cafile=certifi.where())
    else:
        context = ssl.create_default_context(cadata=ca_bundle)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # An address may be in the common name only: _require_address compares it instead.
    context.check_hostname = not _is_address(server_name)
    return Tls(context=context, server_name=server_name)


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    limits: Limits,
    trust: Tls,
    address: str | None = None,
    *,
    read_body: bool = True,
) -> Reply:
    """POST once over a fresh connection, never following a redirect.

    `address` is connected to instead of resolving the name (the name is still checked).
    Without `read_body` the call ends once the reply's head has come, and the body is empty.
    Raises `NotSent` or `MaybeSent`.
    """
    call = _Call(limits, address)
    alarm = threading.Timer(limits.total, call.cut)
    alarm.daemon = True
    try:
        alarm.start()
        request = requests.Request("POST", url, {**_HEADERS, **headers}, data=body).prepare()
        return _exchange(request, limits, call, trust, read_body=read_body)
    except Exception as error:
        failed = MaybeSent if call.connected else NotSent
        _clear_frames(error)
        raise failed("deadline" if call.late else _why(error)) from error
    finally:
        alarm.cancel()


def _exchange(
    request: requests.PreparedRequest, limits: Limits, call: _Call, trust: Tls, *, read_body: bool
) -> Reply:
    """Send a request without a session, which would read and parse redirects and cookies."""
    adapter = _Adapter(call, trust)
    try:
        with adapter.send(request, stream=True, timeout=(limits.connect, limits.read)) as response:
            if not read_body:
                return Reply(response.status_code, b"", whole=False)
            data = response.raw.read(MAX_REPLY_BYTES + 1, decode_content=True)
            if call.late:
                raise TimeoutError
            return Reply(response.status_code, data[:MAX_REPLY_BYTES], len(data) <= MAX_REPLY_BYTES)
    finally:
        adapter.close()


def resolve(host: str, port: int, seconds: float) -> list[str]:
    """Resolve a host to its addresses; raise `NotSent` if it has none or this takes too long."""
    found: list[str] = []

    def look_up() -> None:
        # The system's resolver has no time-out, so it runs in a thread that may be left behind.
        with suppress(OSError, ValueError, OverflowError):
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    thread = threading.Thread(target=look_up, daemon=True)
    with suppress(RuntimeError):  # the machine has no thread left
        thread.start()
        thread.join(seconds)
    if thread.is_alive() or not found:
        raise NotSent("name")
    return found


def reach(host: str, port: int, seconds: float, trust: Tls | None) -> None:
    """Connect and send nothing; with `trust`, check the certificate as `post` does.

    Raises `NotSent`.
    """
    try:
        with create_connection((host, port), seconds) as plain:
            if trust is None:
                return
            name = trust.server_name or host
            with trust.context.wrap_socket(plain, server_hostname=name) as secured:
                _require_address(secured, trust.server_name)
    except (OSError, ValueError) as error:
        raise NotSent(_why(error)) from error


class _Call:
    """The state of one call, shared by its connection and its deadline."""

    def __init__(self, limits: Limits, address: str | None) -> None:
        self.address = address
        self.connected = False
        self.late = False
        self._sock: Any = None
        self._stands_by = time.monotonic() + min(limits.connect, limits.total)

    def left(self) -> float:
        """Seconds until the connection must be established: never 0, which means no time-out."""
        return max(self._stands_by - time.monotonic(), 0.001)

    def up(self, sock: Any) -> None:
        """Record that the connection is established and its certificate checked."""
        self._sock = sock
        if self.late:
            raise NotSent("deadline")
        self.connected = True

    def cut(self) -> None:
        """End the call at its deadline: shut the socket down, on which a thread may wait."""
        self.late = True
        if self._sock is not None:
            with suppress(OSError):
                # Not the TLS socket's own shutdown, after which it would go on in plain text.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Requests' adapter with our connections and our TLS context."""

    def __init__(self, call: _Call, trust: Tls) -> None:
        self._call = call
        self._trust = trust
        super().__init__(max_retries=0)

    def init_poolmanager(self, *_args: Any, **_kwargs: Any) -> None:
        """Check certificates by our context, for the configured name."""
        name = self._trust.server_name
        names: dict[str, Any] = {"server_hostname": name, "assert_hostname": name} if name else {}
        if _is_address(name):
            names = {"assert_hostname": False}
        self.poolmanager = PoolManager(ssl_context=self._trust.context, **names)

    def get_connection_with_tls_context(self, *args: Any, **named: Any) -> Any:
        """A pool whose connection records in the call what it did."""
        pool: Any = super().get_connection_with_tls_context(*args, **named)
        kind, name = (_Plain, None) if pool.scheme == "http" else (_Secure, self._trust.server_name)
        pool.ConnectionCls = partial(kind, self._call, name)
        return pool

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """Add nothing to the context: requests would add its own authorities."""


class _Response(HTTPResponse):
    """A response whose head must come whole, and of which at most the limit is read."""

    def __init__(self, sock: socket.socket, *rest: Any, **more: Any) -> None:
        super().__init__(sock, *rest, **more)
        self.fp: Any = io.BufferedReader(_Bounded(self.fp.detach()))

    def begin(self) -> None:
        """Parse the status, and only those headers that say how the body is sent."""
        stream = self.fp
        self.fp = io.BytesIO(_read_head(stream))
        try:
            super().begin()
        finally:
            self.fp = stream


class _Bounded(io.RawIOBase):
    """A stream that ends with an error after the limit."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._left = _MAX_RAW_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Read at most what is left of the limit; raise OSError when nothing is."""
        if not self._left:
            raise OSError("the response does not end")
        count = self._raw.readinto(memoryview(buffer)[: self._left]) or 0
        self._left -= count
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


_STATUS: Final = re.compile(rb"HTTP/1\.[01][ \t]+([1-9][0-9]{2})(?:[ \t\r][^\n]*)?\n")
_FOLDED: Final = re.compile(rb"\r?\n[ \t]+")
_USED: Final = re.compile(
    rb"^((?:content-length|transfer-encoding):[!-~ \t]*"
    rb"|content-encoding:[ \t]*(?:(?:x-)?gzip|deflate)[ \t]*)\r?$",
    re.IGNORECASE | re.MULTILINE,
)


def _read_head(stream: io.BufferedReader) -> bytes:
    """The head of the final response, reduced to what is used; interim ones (1xx) are skipped."""
    while True:
        head = bytearray()
        while (line := stream.readline()) not in {b"\r\n", b"\n"}:
            if not line.endswith(b"\n"):
                raise IncompleteRead(b"")  # http.client would take it for the end of the head
            head += line
        status = _STATUS.match(head)
        if status is None:
            raise BadStatusLine("")
        if not status[1].startswith(b"1") or status[1] == b"101":
            used = _USED.findall(_FOLDED.sub(b" ", head))
            return b"\r\n".join([b"HTTP/1.1 " + status[1], *used, b"", b""])


class _Plain(HTTPConnection):
    """A connection that records in its call when it is established."""

    response_class = _Response

    def __init__(self, call: _Call, server_name: str | None, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.call = call
        self.server_name = server_name

    def connect(self) -> None:
        """Connect; a failure in here came before the first byte of the request."""
        super().connect()
        _require_address(self.sock, self.server_name)
        self.sock.settimeout(self.timeout)
        self.call.up(self.sock)

    def _new_conn(self) -> Any:
        """Open the socket, to the call's address or to one that the name resolves to.

        Resolving, connecting and the TLS handshake share the time for the connection.
        """
        *others, last = self._addresses()
        for number, address in enumerate(others):
            with suppress(OSError):
                return self._open(address, self.call.left() / (len(others) + 1 - number))
        return self._open(last, self.call.left())

    def _open(self, address: str, seconds: float) -> socket.socket:
        sock = create_connection((address, self.port), seconds, socket_options=self.socket_options)
        sock.settimeout(self.call.left())
        return sock

    def _addresses(self) -> list[str]:
        known = self.call.address or self._dns_host
        return [known] if _is_address(known) else resolve(known, self.port, self.call.left())


class _Secure(_Plain, HTTPSConnection):
    """The same over TLS: established only after the certificate is checked."""


def _require_address(sock: Any, expected: str | None) -> None:
    """Require that a certificate is for an address, be it only in its common name."""
    if expected is None or not _is_address(expected):
        return
    certificate: dict[str, Any] = dict(sock.getpeercert() or {})
    names = certificate.get("subjectAltName", ())
    subject = dict(pair for part in certificate.get("subject", ()) for pair in part)
    addresses = {value for kind, value in names if kind == "IP Address"}
    if expected in addresses or (not names and subject.get("commonName") == expected):
        return
    raise ssl.SSLCertVerificationError("the certificate is for another address")


def _is_address(text: str | None) -> bool:
    with suppress(ValueError):
        return bool(ipaddress.ip_address(text or ""))
    return False


# The first of these that is among an error's causes gives its code.
_CODES: Final = (
    (ssl.SSLCertVerificationError | WrongName, "certificate"),
    (socket.gaierror | UnicodeError, "name"),
    (ConnectionRefusedError, "refused"),
    (ssl.SSLError, "tls"),
    (TimeoutError | ConnectTimeoutError, "timeout"),
    (ConnectionResetError, "reset"),
)


def _why(error: Exception) -> str:
    """A fixed code for what failed; never the library's text, which may hold a URL."""
    if isinstance(error, NotSent):
        return str(error)
    causes = _causes(error)
    found = (code for kind, code in _CODES if any(isinstance(one, kind) for one in causes))
    return next(found, "connection")


def _clear_frames(error: Exception) -> None:
    """Free what was read: otherwise errors and frames hold it until garbage is collected."""
    for cause in _causes(error):
        traceback.clear_frames(cause.__traceback__)


def _causes(error: Exception) -> list[BaseException]:
    """An error and its causes; urllib3 and requests keep them in `reason` or in the arguments."""
    causes: list[BaseException] = [error]
    for cause in causes:
        # Without `__context__`, which may be an error that the caller handles.
        kept = getattr(cause, "reason", None), *cause.args, cause.__cause__
        causes += (one for one in kept if isinstance(one, BaseException) and one not in causes)
    return causes
