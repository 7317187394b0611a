import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.signed_urls import is_signed, pay_url, result_url, sign

ID = "0123456789ABCDEFGHJK"


def test_a_signature_is_the_same_in_every_version_of_the_code() -> None:
    assert sign("page", ID, "key") == "xlfN4GTmz3x3Md81KnnITw"


@given(st.text(max_size=30), st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_a_signature_holds_for_its_purpose_text_and_key_only(
    purpose: str, text: str, key: str
) -> None:
    signature = sign(purpose, text, key)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", signature)
    assert is_signed(purpose, text, signature, ["other", key])
    assert not is_signed(purpose + "x", text, signature, [key])
    assert not is_signed(purpose, text + "x", signature, [key])
    assert not is_signed(purpose, text, signature, [key + "x"])


@pytest.mark.parametrize("signature", ["", "x", "я", "=" * 22, "A" * 10_000])
def test_no_other_text_is_a_signature(signature: str) -> None:
    assert not is_signed("page", ID, signature, ["key"])


def test_an_empty_key_signs_nothing() -> None:
    assert not is_signed("page", ID, sign("page", ID, ""), [""])
    assert not is_signed("page", ID, sign("page", ID, "key"), [])


def test_links_lead_to_one_payments_pages() -> None:
    base = "https://pay.example/v1"
    signature = sign("page", ID, "key")
    assert pay_url(base, ID, "key") == f"{base}/pay/{ID}?s={signature}"
    assert result_url(base, ID, "key") == f"{base}/return/{ID}?s={signature}"
