"""Certificates met in the field: private authority, no key identifier, bare address."""

import ssl
from pathlib import Path

import pytest

from payments.http_client import Limits, NotSent, Reply, Tls, post, tls
from tests.contract import bad_servers
from tests.contract.bad_servers import ADDRESS, Authority, Server, serving

LIMITS = Limits(connect=2.0, read=2.0, total=5.0)
SECRET = b'{"Password": "ee7e"}'


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.new()


def send(server: Server, trust: Tls, host: str = ADDRESS) -> Reply:
    return post(server.url("https", host), SECRET, {}, LIMITS, trust, ADDRESS)


def refused(server: Server, trust: Tls, host: str = ADDRESS) -> None:
    with pytest.raises(NotSent) as failed:
        send(server, trust, host)
    assert str(failed.value) == "certificate"
    assert server.requests == [], "nothing was sent to it"


@pytest.mark.parametrize("key_identifier", [True, False])
@pytest.mark.parametrize("host", [ADDRESS, "elsom.test"])
def test_a_private_certificate_works_with_the_bundle(
    authority: Authority, tmp_path: Path, host: str, key_identifier: bool
) -> None:
    context = authority.server(tmp_path, host, key_identifier=key_identifier)
    with serving(bad_servers.answer(), context) as server:
        assert send(server, tls(authority.pem), host).status == 200
    assert server.requests[0].endswith(SECRET)


@pytest.mark.parametrize("host", [ADDRESS, "elsom.test"])
def test_a_private_certificate_is_refused_without_the_bundle(
    authority: Authority, tmp_path: Path, host: str
) -> None:
    with serving(bad_servers.answer(), authority.server(tmp_path, host)) as server:
        refused(server, tls(), host)


def test_another_authoritys_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    other = Authority.new()
    with serving(bad_servers.answer(), other.server(tmp_path, ADDRESS)) as server:
        refused(server, tls(authority.pem))


def test_the_bundle_may_hold_several_authorities(authority: Authority, tmp_path: Path) -> None:
    bundle = Authority.new("another").pem + authority.pem
    with serving(bad_servers.answer(), authority.server(tmp_path, ADDRESS)) as server:
        assert send(server, tls(bundle)).status == 200


def test_an_expired_certificate_is_refused(authority: Authority, tmp_path: Path) -> None:
    with serving(bad_servers.answer(), authority.server(tmp_path, ADDRESS, expired=True)) as server:
        refused(server, tls(authority.pem))


@pytest.mark.parametrize("host", [ADDRESS, "elsom.test"])
@pytest.mark.parametrize("names", [("other.test",), ("127.0.0.2",), ("elsom.test.evil.test",)])
def test_a_certificate_for_another_name_is_refused(
    authority: Authority, tmp_path: Path, host: str, names: tuple[str, ...]
) -> None:
    with serving(bad_servers.answer(), authority.server(tmp_path, *names)) as server:
        refused(server, tls(authority.pem), host)


def test_an_address_only_in_the_common_name_is_refused_by_itself(
    authority: Authority, tmp_path: Path
) -> None:
    context = authority.server(tmp_path, common_name=ADDRESS)
    with serving(bad_servers.answer(), context) as server:
        refused(server, tls(authority.pem))


def test_an_address_only_in_the_common_name_works_when_it_is_named(
    authority: Authority, tmp_path: Path
) -> None:
    context = authority.server(tmp_path, common_name=ADDRESS)
    with serving(bad_servers.answer(), context) as server:
        assert send(server, tls(authority.pem, ADDRESS)).status == 200


@pytest.mark.parametrize(
    ("names", "common_name"),
    [((), "127.0.0.2"), ((), "elsom"), (("127.0.0.2",), ADDRESS), (("elsom.test",), ADDRESS)],
)
def test_a_named_address_holds_the_certificate_to_it(
    authority: Authority, tmp_path: Path, names: tuple[str, ...], common_name: str
) -> None:
    """A common name counts only where the certificate lists no names at all."""
    context = authority.server(tmp_path, *names, common_name=common_name)
    with serving(bad_servers.answer(), context) as server:
        refused(server, tls(authority.pem, ADDRESS))


def test_a_named_address_is_found_among_the_names(authority: Authority, tmp_path: Path) -> None:
    context = authority.server(tmp_path, "elsom.test", "10.0.0.7")
    with serving(bad_servers.answer(), context) as server:
        assert send(server, tls(authority.pem, "10.0.0.7")).status == 200


def test_the_name_in_the_certificate_may_be_named_where_the_url_has_an_address(
    authority: Authority, tmp_path: Path
) -> None:
    with serving(bad_servers.answer(), authority.server(tmp_path, "elsom.test")) as server:
        trust = tls(authority.pem, "elsom.test")
        assert send(server, trust).status == 200
        assert send(server, trust).status == 200, "and again with the same context"
    with serving(bad_servers.answer(), authority.server(tmp_path, "other.test")) as other:
        refused(other, trust)


def test_a_common_name_counts_where_the_certificate_lists_no_names(
    authority: Authority, tmp_path: Path
) -> None:
    context = authority.server(tmp_path, common_name="elsom.test")
    with serving(bad_servers.answer(), context) as server:
        refused(server, tls(authority.pem), "other.test")
        refused(server, tls(authority.pem, "other.test"))
        assert send(server, tls(authority.pem), "elsom.test").status == 200
        assert send(server, tls(authority.pem, "elsom.test")).status == 200


def test_a_common_name_does_not_count_beside_other_names(
    authority: Authority, tmp_path: Path
) -> None:
    context = authority.server(tmp_path, "other.test", common_name="elsom.test")
    with serving(bad_servers.answer(), context) as server:
        refused(server, tls(authority.pem, "elsom.test"))


def test_only_the_strict_flag_is_cleared_and_only_with_a_bundle(authority: Authority) -> None:
    private = tls(authority.pem).context
    assert not private.verify_flags & ssl.VERIFY_X509_STRICT
    assert private.verify_mode is ssl.CERT_REQUIRED
    assert private.check_hostname
    assert tls().context.verify_flags & ssl.VERIFY_X509_STRICT
    assert tls(authority.pem, ADDRESS).context.verify_mode is ssl.CERT_REQUIRED
