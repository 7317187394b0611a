"""The shop's client: a webhook that we signed is taken in, anything else is WrongSignature."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elsom_payments_client import MalformedSecret, WrongSignature, verify_webhook
from payments.domain.clock import now_ms
from payments.domain.events import last_payment_event
from payments.domain.payment import Status
from payments.webhooks.rules import webhook_headers
from tests.fakes.payments import PAYMENT_ID, a_payment

NEW, OLD, OTHER = (
    f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2, 3)
)
BODY: Final = msgspec.json.encode(last_payment_event(a_payment(Status.PAID)))
SIGNATURE: Final = "webhook-signature"


def signed(*secrets: str, content: bytes = BODY, **changed: Any) -> dict[str, Any]:
    """The headers of a webhook that we signed, some of them changed after that."""
    headers = webhook_headers("E1", content.decode(), now_ms(), secrets or (NEW,))
    return {**headers, **{f"webhook-{name}": value for name, value in changed.items()}}


def is_refused(headers: Mapping[str, Any], content: bytes = BODY) -> bool:
    with pytest.raises(WrongSignature):
        verify_webhook(content, headers, [NEW, OLD])
    return True


@pytest.mark.parametrize("by", [(NEW,), (OLD,), (OTHER, OLD), (NEW, OTHER)])
def test_one_signature_by_one_of_the_shops_secrets_is_enough(by: tuple[str, ...]) -> None:
    event = verify_webhook(BODY, signed(*by), [NEW, OLD])
    assert (event.type, event.payment and event.payment.id) == ("payment.paid", PAYMENT_ID)
    upper = {name.upper(): value for name, value in signed(*by).items()}
    assert verify_webhook(BODY, upper, [NEW, OLD]) == event


def test_a_good_signature_is_found_behind_malformed_ones() -> None:
    mixed = f"v1 v1,* v2,x {signed()[SIGNATURE]} v1,é"
    assert verify_webhook(BODY, signed(signature=mixed), [NEW]).type == "payment.paid"


@pytest.mark.parametrize(
    "signature",
    [
        "", " ", "v1", "v1,", "v1,*", "v1,é", "v1,\ud800", "v1,AAAA", "v2,AAAA", ",", ",,,",
        "v1,a,b", "v1;AAAA", "é", "\x00", "v1," + "A" * 43 + "=", "v1," + "A" * 43,
        " ".join(["v1,AAAA"] * 300), "v1," + "A" * 1_000_000, "v1 " * 100_000, None, 7,
        b"v1,AAAA", ["v1,AAAA"],
    ],
    ids=lambda one: repr(one)[:20],
)  # fmt: skip
def test_a_signature_header_that_is_malformed_is_a_wrong_signature(signature: Any) -> None:
    assert is_refused(signed(signature=signature))


@pytest.mark.parametrize(
    "timestamp",
    [
        "", "x", "-1", "0", "1e9", "nan", "inf", "-inf", "9" * 12, "9" * 400, "1795500000.5", "٣٤٥",
        "\ud800", " 1795500000", "0x6b", None, 1_795_500_000, "1" * 1_000_000,
    ],
    ids=lambda one: repr(one)[:20],
)  # fmt: skip
def test_a_timestamp_that_makes_no_sense_or_is_far_from_now_is_a_wrong_signature(
    timestamp: Any,
) -> None:
    assert is_refused(signed(timestamp=timestamp))


@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
def test_a_missing_header_is_a_wrong_signature(name: str) -> None:
    headers = signed()
    del headers[f"webhook-{name}"]
    assert is_refused(headers)
    assert is_refused({})


@pytest.mark.parametrize("identifier", ["E2", "", "\ud800", "é", "x" * 100_000, None])
def test_another_id_than_the_signed_one_is_a_wrong_signature(identifier: Any) -> None:
    assert is_refused(signed(id=identifier))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", BODY + b" ", b"x" * 1_000_000])
def test_another_body_than_the_signed_one_is_a_wrong_signature(content: bytes) -> None:
    assert is_refused(signed(), content)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"7", b"{", b"[" * 50_000, b'{"eventId": 1, "type": "x"}',
     BODY.replace(b"1500.00", b"many"), BODY.replace(b'"occurredAt":"2', b'"occurredAt":"x')],
    ids=lambda one: one[:20],
)  # fmt: skip
def test_a_signed_body_that_is_no_event_is_refused_too(content: bytes) -> None:
    assert is_refused(signed(content=content), content)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_é",
        "whsec_!",
        "whsec_\ud800",
        f"{NEW}\n",
        f" {NEW}",
        "whsec_a",
        None,
        b"x",
    ],
    ids=repr,
)
def test_a_malformed_secret_is_an_error_of_its_own_that_does_not_show_it(secret: Any) -> None:
    for secrets in ([secret], [NEW, secret]):
        for headers in (signed(), {}):
            with pytest.raises(MalformedSecret) as error:
                verify_webhook(BODY, headers, secrets)
            assert str(error.value) == f"secret {len(secrets)} is not whsec_ and base64"
            assert error.value.__cause__ is None


def test_without_any_secret_every_signature_is_wrong() -> None:
    with pytest.raises(WrongSignature):
        verify_webhook(BODY, signed(), [])


names = st.sampled_from(["webhook-id", "webhook-timestamp", SIGNATURE, "Webhook-Signature"])


@given(st.dictionaries(names, st.text()), st.binary())
def test_no_request_raises_anything_else(headers: dict[str, str], content: bytes) -> None:
    assert is_refused(headers, content)
    assert is_refused({**signed(), **headers, "webhook-id": "E9"}, content)
