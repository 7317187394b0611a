"""Servers on 127.0.0.1 that behave as badly as real lines do, and certificates for them."""

import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket], None]
ADDRESS = "127.0.0.1"


@dataclass
class Server:
    """A server that is up; `requests` holds what it read of each connection."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    def url(self, scheme: str = "http", host: str = ADDRESS) -> str:
        return f"{scheme}://{host}:{self.port}/service"


@contextmanager
def serving(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve one connection after the other with this behaviour; ends with the block."""
    listener = socket.create_server((ADDRESS, 0))
    listener.settimeout(0.05)
    server = Server(listener.getsockname()[1])
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            server.connections += 1
            connection.settimeout(5)
            with connection:
                _serve_one(connection, behaviour, context, server)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join()
        listener.close()


def _serve_one(
    connection: socket.socket,
    behaviour: Behaviour,
    context: ssl.SSLContext | None,
    server: Server,
) -> None:
    try:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        server.requests.append(read_request(connection))
        behaviour(connection)
    except OSError:
        return  # the client went away, as some tests make it
    finally:
        connection.close()


def read_request(connection: socket.socket) -> bytes:
    """One request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            return data
        data += chunk
        if not data.startswith(b"POST"[: len(data)]):
            return data  # whoever it is does not speak HTTP
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def answer(body: bytes = b"{}", status: str = "200 OK", more: str = "") -> Behaviour:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


def reset(connection: socket.socket) -> None:
    """Close so that the other side sees a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def cut(connection: socket.socket) -> None:
    """Promise more than is sent."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"Response":')


def drip(head: bytes) -> Behaviour:
    """Send a byte at a time, often enough that no single read is late."""

    def drips(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(80):
            connection.sendall(b" ")
            threading.Event().wait(0.05)

    return drips


def no_response(connection: socket.socket) -> None:
    """Say nothing until the other side has had enough."""
    while connection.recv(1):
        pass


# --- certificates --------------------------------------------------------------------------


@dataclass(frozen=True)
class Authority:
    """A private certificate authority, as a merchant gets one from an operator."""

    name: x509.Name
    key: ec.EllipticCurvePrivateKey
    pem: str

    @classmethod
    def new(cls, common_name: str = "Elsom private CA") -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name)
        certificate = (
            _builder(name, name, key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(name, key, _pem(certificate))

    def server(
        self,
        folder: Path,
        *names: str,
        common_name: str = "elsom",
        key_identifier: bool = False,
        expired: bool = False,
    ) -> ssl.SSLContext:
        """A server's context with a certificate for these names and addresses.

        Without `key_identifier` it lacks the extension that Python 3.13 wants by default.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name), self.name, key, expired=expired)
        if names:
            alternatives = x509.SubjectAlternativeName([_general(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        if key_identifier:
            identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            builder = builder.add_extension(identifier, critical=False)
        file = folder / "server.pem"
        file.write_text(
            _pem(builder.sign(self.key, hashes.SHA256()))
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode()
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    expired: bool = False,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    end = now - timedelta(days=1) if expired else now + timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(end)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
