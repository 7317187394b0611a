"""Every rule of the contract's table, each wrong field named."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.errors import InvalidRequest
from payments.domain.payment_request import (
    PaymentRequest,
    is_allowed_return_url,
    parse_object,
    parse_payment_request,
    parse_start,
)

HOSTS = ("shop.example", "xn--80ak6aa92e.example")
LEAST = {"amount": "1500.00", "orderId": "A-1001"}
WHOLE = {
    **LEAST,
    "customerMsisdn": "0556109910",
    "language": "ky",
    "cashierNo": "0001",
    "description": "Два билета",
    "returnUrl": "https://shop.example/orders/A-1001?x=1#top",
    "metadata": {"cart": "17", "note": "ночь"},
}


def parse(**fields: Any) -> PaymentRequest:
    return parse_payment_request(json.dumps({**LEAST, **fields}).encode(), HOSTS)


def wrong(body: Any, hosts: tuple[str, ...] = HOSTS) -> set[str]:
    """The names of the fields that are refused."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequest) as refused:
        parse_payment_request(raw, hosts)
    assert all(message for _, message in refused.value.errors)
    return {field for field, _ in refused.value.errors}


def test_the_least_a_shop_may_send() -> None:
    request = parse()
    assert request == PaymentRequest(amount="1500.00", order_id="A-1001")
    assert request.language == "ru"


def test_everything_a_shop_may_send() -> None:
    assert parse(**WHOLE) == PaymentRequest(
        amount="1500.00",
        order_id="A-1001",
        customer_msisdn="0556109910",
        language="ky",
        cashier_no="0001",
        description="Два билета",
        return_url="https://shop.example/orders/A-1001?x=1#top",
        metadata={"cart": "17", "note": "ночь"},
    )


def test_null_is_as_good_as_left_out() -> None:
    optional = [name for name in WHOLE if name not in {*LEAST, "language"}]
    assert parse(**dict.fromkeys(optional)) == parse()


@pytest.mark.parametrize("missing", ["amount", "orderId"])
def test_what_is_required_and_missing_is_named(missing: str) -> None:
    assert wrong({name: value for name, value in LEAST.items() if name != missing}) == {missing}


GOOD: list[tuple[str, Any]] = [
    ("amount", "0.01"), ("amount", "999999999.99"), ("amount", "1"), ("orderId", "x"),
    ("orderId", "x" * 20), ("orderId", "ж" * 20), ("cashierNo", ""), ("cashierNo", "x" * 20),
    ("description", ""), ("description", "ж" * 100), ("customerMsisdn", "0000000001"),
    ("language", "ky"), ("language", "en"), ("metadata", {}),
    ("metadata", {str(number): "x" for number in range(20)}), ("metadata", {"k": "x" * 2_047}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), GOOD)
def test_what_a_rule_allows_is_taken(field: str, value: Any) -> None:
    parse(**{field: value})


BAD: list[tuple[str, Any]] = [
    ("amount", 1500), ("amount", 15.5), ("amount", "0"), ("amount", "0.00"), ("amount", "1.234"),
    ("amount", "01"), ("amount", "-1"), ("amount", "1e3"), ("amount", "1000000000"),
    ("amount", "1\n"), ("amount", ""), ("amount", None), ("amount", "1,50"), ("amount", "١"),
    ("orderId", ""), ("orderId", "x" * 21), ("orderId", 5), ("orderId", None), ("orderId", "a\nb"),
    ("orderId", "a\n"), ("orderId", "\x00"),
    ("customerMsisdn", "0"), ("customerMsisdn", "556109910"), ("customerMsisdn", "05561099101"),
    ("customerMsisdn", "+996556109910"), ("customerMsisdn", "0556109910\n"),
    ("customerMsisdn", 556109910), ("customerMsisdn", "٠556109910"),
    ("language", "de"), ("language", "RU"), ("language", None), ("language", ""),
    ("cashierNo", "x" * 21), ("cashierNo", 1), ("cashierNo", "\t"),
    ("description", "x" * 101), ("description", ["x"]), ("description", "\x1b[31m"),
    ("returnUrl", ""), ("returnUrl", 5), ("returnUrl", "http://shop.example/"),
    ("returnUrl", "https://shop.example/" + "x" * 500), ("returnUrl", "https://evil.example/"),
    ("metadata", []), ("metadata", "x"), ("metadata", {"a": 1}), ("metadata", {"a": None}),
    ("metadata", {"a": {"b": "c"}}), ("metadata", {"k": "x" * 2_048}), ("metadata", {"": "x"}),
    ("metadata", {"ж": "ж" * 1_024}), ("metadata", {str(number): "x" for number in range(21)}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), BAD)
def test_what_breaks_a_rule_is_refused_and_named(field: str, value: Any) -> None:
    assert wrong({**LEAST, field: value}) == {field}


@pytest.mark.parametrize("field", ["orderID", "order_id", "currency", "Amount", ""])
def test_an_unknown_field_is_an_error_that_names_it(field: str) -> None:
    assert wrong({**LEAST, field: "x"}) == {field}


def test_everything_that_is_wrong_is_told_at_once() -> None:
    body = {"amount": 5, "language": "de", "extra": 1, "returnUrl": "https://evil.example/"}
    assert wrong(body) == {"amount", "orderId", "language", "extra", "returnUrl"}


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example", "https://shop.example/", "https://SHOP.example/x",
        "https://shop.example?x=@evil.example", "https://shop.example/#@evil.example",
        "https://xn--80ak6aa92e.example/ok",
    ],
)  # fmt: skip
def test_a_return_to_the_shop_is_allowed(url: str) -> None:
    assert is_allowed_return_url(url, HOSTS)
    assert parse(returnUrl=url).return_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example", "https://shop.example.evil.example/", "https://evilshop.example/",
        "https://shop.example@evil.example/", "https://user@shop.example/",
        "https://user:password@shop.example/", "https://evil.example/https://shop.example/",
        "https://evil.example\\@shop.example/", "https://shop.example\\@evil.example/",
        "https://shop.example\\.evil.example/", "https://shop.example:444/",
        "https://shop.example:443/", "https://shop.example:/", "https://shop.example:x/",
        "https://shop.example./", "https://.shop.example/", "https:///shop.example/",
        "https:shop.example/", "https://[::1]/", "https://[shop.example/", "//shop.example/",
        "http://shop.example/", "HTTPS://shop.example/", "javascript://shop.example/%0aalert(1)",
        "https://shop.example\t.evil.example/", "https://shop.example\n.evil.example/",
        " https://shop.example/", "https://shop%2eexample/", "https://shop。example/",
        "https://shop.example;evil.example/", "https://shop.example,evil.example/", "https://",
    ],
)  # fmt: skip
def test_an_address_that_might_lead_elsewhere_is_refused(url: str) -> None:
    assert wrong({**LEAST, "returnUrl": url}) == {"returnUrl"}


def test_without_hosts_no_return_is_allowed() -> None:
    assert wrong({**LEAST, "returnUrl": "https://shop.example/"}, ()) == {"returnUrl"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"1",
        b'"x"',
        b"{",
        b"\xff",
        b"[" * 30_000,
        b'{"a": "\\ud800"}',
        b"{}" + b" " * 33_000,
    ],
)
def test_a_body_that_is_no_small_object_is_refused(body: bytes) -> None:
    assert wrong(body) == {"body"}


@given(
    st.binary(max_size=100)
    | st.dictionaries(
        st.sampled_from([*WHOLE, "other"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=30)
        | st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers(), max_size=3),
    ).map(lambda fields: json.dumps(fields).encode())
)  # fmt: skip
def test_any_body_is_taken_or_refused_in_our_words(body: bytes) -> None:
    with suppress(InvalidRequest):
        request = parse_payment_request(body, HOSTS)
        assert msgspec.convert(msgspec.to_builtins(request), PaymentRequest) == request


@pytest.mark.parametrize("key", ["k", "x" * 255, "order 17/~!", "0"])
def test_a_printable_key_is_taken(key: str) -> None:
    assert parse_start(key, json.dumps(LEAST).encode(), HOSTS) == (key, parse())


@pytest.mark.parametrize("key", [None, "", "x" * 256, "заказ", "a\nb", "a\x00", "a\x7f", "é"])
def test_a_missing_or_odd_key_is_named_beside_everything_else(key: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_start(key, b"{}", HOSTS)
    fields = [field for field, _ in refused.value.errors]
    assert fields == ["Idempotency-Key", "amount", "orderId"]
    with pytest.raises(InvalidRequest) as refused:
        parse_start(key, json.dumps(LEAST).encode(), HOSTS)
    assert [field for field, _ in refused.value.errors] == ["Idempotency-Key"]


def test_an_object_is_read_as_it_is() -> None:
    assert parse_object(b'{"note": "x"}') == {"note": "x"}
