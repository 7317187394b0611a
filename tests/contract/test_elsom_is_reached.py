"""What preflight and doctor say of Elsom's certificate, over real TLS; nothing is sent to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.configure import planned
from cli.elsom_urls import look_at_elsom
from cli.findings import Finding, State
from tests.contract import bad_servers
from tests.contract.bad_servers import ADDRESS, Authority, Server, serving
from tests.fakes.account import EMPTY_ACCOUNT, FakeAccount, refused

BUNDLE = "/elsom/ca"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new()


@pytest.fixture
def elsom(authority: Authority, tmp_path: Path) -> Iterator[Server]:
    """As met in the field: its address only in the common name, no key identifier."""
    context = authority.server(tmp_path, common_name=ADDRESS, key_identifier=False)
    with serving(bad_servers.answer(), context) as server:
        yield server


def look(server: Server, bundle: str | None = None, **parameters: str) -> list[Finding]:
    stored = {"Parameter": {"Name": BUNDLE, "Value": bundle}} if bundle else refused("Gone")
    target = FakeAccount({**EMPTY_ACCOUNT, "ssm GetParameter": stored})
    urls = {"ElsomInitUrl": server.url("https"), "ElsomStatusUrl": server.url("https")}
    if bundle:
        parameters["ElsomCaBundleParameter"] = BUNDLE
    return list(look_at_elsom(planned(target, {**urls, **parameters})))


def test_a_private_certificate_is_valid_with_bundle_and_name(
    elsom: Server, authority: Authority
) -> None:
    found = look(elsom, authority.pem, ElsomTlsServerName=ADDRESS)
    assert [one.state for one in found] == [State.OK] * 2
    assert "with a valid certificate" in found[0].say


@pytest.mark.parametrize("bundle", [False, True])
def test_a_private_certificate_is_told_without_them(
    elsom: Server, authority: Authority, bundle: bool
) -> None:
    found = look(elsom, authority.pem if bundle else None)
    assert [one.state for one in found] == [State.BAD] * 2
    assert "ElsomCaBundleParameter, ElsomTlsServerName" in found[0].do


def test_nothing_is_sent(authority: Authority, tmp_path: Path) -> None:
    with serving(bad_servers.answer(), authority.server(tmp_path, common_name=ADDRESS)) as server:
        look(server, authority.pem, ElsomTlsServerName=ADDRESS)
        look(server)
    # Read once all connections have ended.
    assert server.connections == 4
    assert set(server.requests) <= {b""}
