"""A stack whose Elsom has a private certificate, and one whose Elsom cannot be reached at all."""

from __future__ import annotations

import ssl
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.contract.bad_servers import ADDRESS, Authority
from tests.deployed import Deployed, another_stack, eventually
from tests.shop import Response
from tools.environments import ROOT
from tools.local.cloud import LocalCloud
from tools.local.processes import free_port

BUNDLE = "/private/ca"
CALLERS = ("StartPaymentFunction", "PaymentsApiFunction")


@dataclass
class SecureElsom:
    """A sandbox over TLS: address only in the common name, no key identifiers."""

    url: str
    authority: Authority

    def report(self, method: str, path: str, body: object = None) -> Any:
        context = ssl.create_default_context(cadata=self.authority.pem)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.check_hostname = False
        pool = urllib3.PoolManager(ssl_context=context, assert_hostname=False, retries=False)
        answer = pool.request(method, self.url + path, json=body, timeout=10)
        assert answer.status < 300, answer.data
        return answer.json()


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureElsom]:
    folder = tmp_path_factory.mktemp("secure")
    authority, port = Authority.new(), free_port()
    authority.server(folder, common_name=ADDRESS, key_identifier=False)
    pem = str(folder / "server.pem")
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    process = subprocess.Popen([*command, "--tls-cert", pem, "--tls-key", pem], cwd=ROOT)
    elsom = SecureElsom(f"https://{ADDRESS}:{port}", authority)
    try:
        eventually(lambda: _answers(elsom))
        yield elsom
    finally:
        process.terminate()
        process.wait(10)


def _answers(elsom: SecureElsom) -> bool:
    try:
        return elsom.report("GET", "/_sandbox/health") is not None
    except urllib3.exceptions.HTTPError:
        return False


@pytest.fixture(scope="module")
def private(cloud: LocalCloud, secure: SecureElsom) -> Iterator[Deployed]:
    keep(cloud, secure.authority)
    parameters = {
        "ElsomInitUrl": f"{secure.url}/init",
        "ElsomStatusUrl": f"{secure.url}/status",
        "ElsomTlsServerName": ADDRESS,
        "ElsomCaBundleParameter": BUNDLE,
    }
    with another_stack(cloud, "private", parameters) as stack:
        yield stack


def keep(cloud: LocalCloud, authority: Authority) -> None:
    """What the stack's CA bundle holds from now on."""
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name=BUNDLE, Value=authority.pem, Type="String", Overwrite=True)


def restart(stack: Deployed, **changes: str) -> None:
    """Functions that call Elsom begin again, perhaps with other variables."""
    for function in CALLERS:
        stack.set_environment(function, NEW_WORKER=uuid.uuid4().hex, **changes)


def is_unreachable(answer: Response) -> bool:
    name = "urn:elsom-payments:problem:elsom-unreachable"
    return bool(answer.status == 503 and answer.body["type"] == name) and bool(
        int(answer.headers["retry-after"]) >= 1
    )


def test_payments_work_with_the_bundle(private: Deployed, secure: SecureElsom) -> None:
    started = private.start()
    assert started.status == 201, started
    payment = started.body["id"]
    secure.report("POST", f"/_sandbox/transactions/{payment}/status", {"status": "A"})
    checked = private.shop.call("POST", f"/payments/{payment}/check")
    assert (checked.status, checked.body["status"]) == (200, "paid")


def test_another_authoritys_bundle_sends_nothing_and_the_same_key_works_with_the_right_one(
    cloud: LocalCloud, private: Deployed, secure: SecureElsom
) -> None:
    keep(cloud, Authority.new())
    restart(private)
    before = len(secure.report("GET", "/_sandbox/calls?method=IA_Init")["items"])
    refused = private.start(key="bundle", orderId="C-1")
    assert is_unreachable(refused), refused
    assert len(secure.report("GET", "/_sandbox/calls?method=IA_Init")["items"]) == before
    keep(cloud, secure.authority)
    restart(private)
    again = private.start(key="bundle", orderId="C-1")
    assert (again.status, again.body["status"]) == (201, "pending")
    calls = secure.report("GET", f"/_sandbox/calls?trn={again.body['id']}&method=IA_Init")
    assert len(calls["items"]) == 1


def test_without_a_bundle_a_private_certificate_is_refused_and_the_same_key_works_with_it(
    private: Deployed,
) -> None:
    restart(private, ELSOM_CA_BUNDLE_PARAMETER="")
    assert is_unreachable(private.start(key="none", orderId="C-2"))
    restart(private, ELSOM_CA_BUNDLE_PARAMETER=BUNDLE)
    assert private.start(key="none", orderId="C-2").status == 201


@pytest.mark.parametrize("why", ["refused", "name"])
def test_an_elsom_that_is_not_there_sends_nothing_and_the_same_key_works_once_it_is(
    private: Deployed, secure: SecureElsom, why: str
) -> None:
    elsewhere = {
        "refused": f"https://{ADDRESS}:{free_port()}/init",
        "name": "https://elsom.invalid/init",
    }
    restart(private, ELSOM_INIT_URL=elsewhere[why])
    answer = private.start(key=why, orderId="C-3")
    assert is_unreachable(answer), answer
    payment = eventually(lambda: _of_order(private, "C-3"))
    reported = [entry.get("why") for entry in private.timeline(payment)]
    assert why in reported
    restart(private, ELSOM_INIT_URL=f"{secure.url}/init")
    again = private.start(key=why, orderId="C-3")
    assert (again.status, again.body["status"]) == (201, "pending")


def _of_order(stack: Deployed, order: str) -> str:
    found = stack.shop.call("GET", f"/payments?orderId={order}&status=created").body["items"]
    return str(found[0]["id"]) if found else ""


def test_an_unreadable_bundle_says_that_the_stack_is_not_set_up(private: Deployed) -> None:
    restart(private, ELSOM_CA_BUNDLE_PARAMETER="/no/such/parameter")
    answer = private.start(key="unreadable", orderId="C-4")
    assert answer.status == 503
    assert answer.body["type"].endswith(":not-configured")
    restart(private, ELSOM_CA_BUNDLE_PARAMETER=BUNDLE)
    assert private.start(key="unreadable", orderId="C-4").status == 201


def test_nothing_of_the_certificates_is_in_the_repository() -> None:
    assert not list(Path(ROOT / "tests").rglob("*.pem"))
