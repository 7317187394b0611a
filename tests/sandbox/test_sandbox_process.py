import datetime
import ipaddress
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sandbox.driver import ROOT, SandboxProcess


def refused(*arguments: str) -> str:
    """Start it wrongly; the one line it says."""
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_it_starts_and_ends_within_a_second_of_work() -> None:
    # Processor time, not the clock's: the machine may be busy with something else.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    sandbox = SandboxProcess.start()
    assert sandbox.control("GET", "health") == {"status": "ok", "url": sandbox.url}
    assert sandbox.stop() == (0, "")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)

    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "example.com", ""])
def test_it_does_not_listen_beyond_this_machine(host: str) -> None:
    assert "loopback" in refused("--host", host, "--port", "0")


def test_it_does_not_take_a_portal_beyond_this_machine() -> None:
    assert "loopback" in refused("--port", "0", "--portal-url", "https://example.com/x")


@pytest.mark.parametrize("named", ["--port", "--control-port"])
def test_a_taken_port_is_said_in_one_sentence(named: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused("--port", "0", named, port)
        assert said == f"Port {port} on 127.0.0.1 is already taken; choose another one.\n"


@pytest.mark.parametrize("option", ["trailingComma", "trailingComma=perhaps", "unknown=true"])
def test_a_wrong_option_is_said_in_one_sentence(option: str) -> None:
    assert "ption" in refused("--port", "0", "--option", option)


def test_the_command_line_sets_options_and_the_portal() -> None:
    url = "http://127.0.0.1:9/elsom/token"
    sandbox = SandboxProcess.start("--option", "repeatedStart=same-url", "--portal-url", url)
    sandbox.control("POST", "reset")

    assert sandbox.control("GET", "options")["repeatedStart"] == "same-url"
    assert sandbox.control("GET", "portal") == {"url": url}
    assert sandbox.stop() == (0, "")


def test_transactions_outlive_a_killed_process_in_the_state_file(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    first = SandboxProcess.start("--state-file", str(file))
    first.control("PUT", "portal", {"url": "http://127.0.0.1:9/token"})
    first.pay_url()
    first.send_form(first.pay_url(PartnerTrnID="other"), action="decline")
    before = first.control("GET", "transactions")
    first.process.kill()
    first.process.communicate(timeout=5)

    second = SandboxProcess.start("--state-file", str(file))
    after = second.control("GET", "transactions")
    page = before["items"][0]["payUrl"].replace(first.url, second.url)
    second.send_form(page, action="pay", wallet="0556109910", code="4321")

    assert file.stat().st_mode & 0o777 == 0o600
    assert [item["status"] for item in after["items"]] == ["1", "4"]
    assert after["items"][0] == before["items"][0]
    assert second.control("GET", "portal") == {"url": "http://127.0.0.1:9/token"}
    assert second.status("test_24") == "A"
    assert second.stop() == (0, "")


def test_a_state_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_text("one\ntwo\n")

    assert "is no state file of the sandbox" in refused("--port", "0", "--state-file", str(file))
    assert file.read_text() == "one\ntwo\n"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


def test_it_serves_https_with_faults_on_the_encrypted_connection(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    sandbox = SandboxProcess.start("--tls-cert", str(cert), "--tls-key", str(key), trusted=cert)

    assert sandbox.url.startswith("https://127.0.0.1:")
    assert sandbox.pay_url(PartnerTrnID="plain").startswith(sandbox.url)
    for fault in ("reset", "cut", "hang"):
        document = {"method": "IA_Init", "fault": fault, "seconds": 60}
        sandbox.control("POST", "faults", document)
        with pytest.raises(requests.RequestException):
            sandbox.start_payment(seconds=1, PartnerTrnID=fault)
        assert sandbox.status(fault) == "1"
    assert sandbox.stop() == (0, "")


def test_a_client_that_speaks_no_tls_does_not_stop_the_others(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    sandbox = SandboxProcess.start("--tls-cert", str(cert), "--tls-key", str(key), trusted=cert)
    address = ("127.0.0.1", int(sandbox.url.rpartition(":")[2]))

    with (
        socket.create_connection(address) as no_response,
        socket.create_connection(address) as plain,
    ):
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert sandbox.control("GET", "health")["status"] == "ok"
        no_response.close()
    assert sandbox.stop() == (0, "")


def test_a_certificate_that_cannot_be_read_is_said_in_one_sentence(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.pem")

    assert "certificate" in refused("--port", "0", "--tls-cert", missing)
    assert "--tls-cert" in refused("--port", "0", "--tls-key", missing)
