"""The merchant's secret: changed within five minutes, stale rather than none, never shown."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from payments.aws.merchant_secret import MAX_AGE, REREAD_INTERVAL, MerchantSecretCache
from payments.domain.clock import MINUTE
from payments.domain.errors import NotConfigured
from payments.domain.signed_urls import sign
from tests.fakes.world import ManualClock

FILLED: dict[str, Any] = {
    "partnerCode": "00609",
    "password": "elsom-password",
    "merchantMsisdn": "0901015003",
    "callbackToken": "token-new",
    "previousCallbackToken": "token-old",
    "pageSigningKeys": ["key-new", "key-old"],
    "webhookSecrets": ["whsec_x"],
}


class Reader:
    """Secrets Manager: counts what is read, and fails on demand."""

    def __init__(self) -> None:
        self.fields = dict(FILLED)
        self.reads = 0
        self.error: Exception | None = None
        self.raw: str | None = None

    def __call__(self) -> str:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.raw if self.raw is not None else json.dumps(self.fields)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def merchant_secret(reader: Reader, clock: ManualClock) -> MerchantSecretCache:
    return MerchantSecretCache(reader, clock)


ERRORS = [
    ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue"),
    ConnectTimeoutError(endpoint_url="https://secretsmanager"),
]


def test_the_secret_is_read_once_and_kept(
    merchant_secret: MerchantSecretCache, reader: Reader
) -> None:
    assert merchant_secret.get().elsom().partner_code == "00609"
    assert merchant_secret.get().signing_key() == "key-new"
    assert reader.reads == 1


def test_a_change_is_taken_up_within_five_minutes(
    merchant_secret: MerchantSecretCache, reader: Reader, clock: ManualClock
) -> None:
    merchant_secret.get()
    reader.fields["password"] = "changed"
    clock.advance(5 * MINUTE - 1)
    assert merchant_secret.get().elsom().password == "changed"


@pytest.mark.parametrize("error", ERRORS)
def test_stale_is_better_than_none(
    merchant_secret: MerchantSecretCache, reader: Reader, clock: ManualClock, error: Exception
) -> None:
    merchant_secret.get()
    reader.error = error
    clock.advance(60 * MINUTE)
    assert merchant_secret.get().elsom().password == "elsom-password"


def test_after_a_failed_read_the_change_is_soon_tried_again_but_not_every_time(
    merchant_secret: MerchantSecretCache, reader: Reader, clock: ManualClock
) -> None:
    merchant_secret.get()
    reader.error = ERRORS[0]
    clock.advance(MAX_AGE)
    for _ in range(5):
        merchant_secret.get()
    assert reader.reads == 2
    reader.error = None
    reader.fields["password"] = "changed"
    clock.advance(REREAD_INTERVAL)
    assert merchant_secret.get().elsom().password == "changed"


@pytest.mark.parametrize("error", ERRORS)
def test_without_any_secret_nothing_works_and_the_next_call_tries_again(
    merchant_secret: MerchantSecretCache, reader: Reader, error: Exception
) -> None:
    reader.error = error
    with pytest.raises(NotConfigured):
        merchant_secret.get()
    reader.error = None
    assert merchant_secret.get().callback_token == "token-new"


@pytest.mark.parametrize(
    "raw", ["", "{", "[]", '"x"', '{"partnerCode": 609}', '{"password": null}']
)
def test_a_secret_that_cannot_be_read_is_no_secret(
    merchant_secret: MerchantSecretCache, reader: Reader, raw: str
) -> None:
    reader.raw = raw
    with pytest.raises(NotConfigured):
        merchant_secret.get()


@pytest.mark.parametrize("field", ["partnerCode", "password", "merchantMsisdn"])
def test_a_placeholder_that_is_left_is_not_configured(
    merchant_secret: MerchantSecretCache, reader: Reader, field: str
) -> None:
    reader.fields[field] = ""
    with pytest.raises(NotConfigured):
        merchant_secret.get().elsom()


@pytest.mark.parametrize("keys", [[], [""]])
def test_without_a_signing_key_no_link_is_signed(
    merchant_secret: MerchantSecretCache, reader: Reader, keys: list[str]
) -> None:
    reader.fields["pageSigningKeys"] = keys
    with pytest.raises(NotConfigured):
        merchant_secret.get().signing_key()


def test_the_template_s_fresh_secret_knows_its_token_and_nothing_else(reader: Reader) -> None:
    reader.raw = json.dumps(
        {
            "partnerCode": "", "password": "", "merchantMsisdn": "", "previousCallbackToken": "",
            "pageSigningKeys": [], "webhookSecrets": [], "callbackToken": "generated",
        }
    )  # fmt: skip
    merchant_secret = MerchantSecretCache(reader, ManualClock())
    assert merchant_secret.knows_token("generated")
    assert not merchant_secret.knows_token("")


@pytest.mark.parametrize(
    ("token", "known"),
    [
        ("token-new", True),
        ("token-old", True),
        ("token-older", False),
        ("", False),
        ("токен", False),
    ],
)
def test_the_token_and_the_one_before_are_known(
    merchant_secret: MerchantSecretCache, token: str, known: bool
) -> None:
    assert merchant_secret.knows_token(token) is known


def test_before_saying_no_the_secret_is_read_again(
    merchant_secret: MerchantSecretCache, reader: Reader, clock: ManualClock
) -> None:
    merchant_secret.get()
    reader.fields["callbackToken"] = "token-newest"
    clock.advance(REREAD_INTERVAL)
    assert merchant_secret.knows_token("token-newest")
    assert reader.reads == 2


def test_strangers_cannot_make_it_read_the_secret_all_the_time(
    merchant_secret: MerchantSecretCache, reader: Reader, clock: ManualClock
) -> None:
    for _ in range(100):
        merchant_secret.knows_token("guess")
        merchant_secret.verifies_page("0123456789ABCDEFGHJK", "guess")
    assert reader.reads == 1
    clock.advance(REREAD_INTERVAL)
    for _ in range(100):
        merchant_secret.knows_token("guess")
    assert reader.reads == 2


def test_every_signing_key_verifies(merchant_secret: MerchantSecretCache) -> None:
    for key in ("key-new", "key-old"):
        assert merchant_secret.verifies_page("ID", sign("page", "ID", key))
    assert not merchant_secret.verifies_page("ID", sign("page", "ID", "key-other"))
    assert not merchant_secret.verifies_page("ID", sign("page", "OTHER", "key-new"))


def test_the_secret_is_never_shown(merchant_secret: MerchantSecretCache) -> None:
    secret = merchant_secret.get()
    shown = f"{secret!r} {secret} {secret.elsom()!r} {secret.elsom()}"
    assert not any(
        value in shown for value in ("elsom-password", "token-new", "key-new", "whsec_x")
    )
