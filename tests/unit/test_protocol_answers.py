"""What Elsom says, in every form it was seen or may be thought to say it."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.domain.payment import ElsomStatus
from payments.elsom.protocol import (
    Accepted,
    Answered,
    Refused,
    Unusable,
    read_json,
    read_notification,
    read_start,
    read_status,
    scrub_refusal,
)

PAGE = (
    "https://merchant.elsom.kg/merchant-payment/30b6689c-8436-4a03-948e-88bba6ea2540"
    "?language=en&platform=web"
)
# The document's own bytes, the trailing comma among them.
DOCUMENT_STATUS = """{
  "Response": {
    "ErrorCode": "0",
    "ErrorMsg": "Success"
  },
  "Result": {
    "PaymentStatus": "1",
    "Message": "Платеж в обработке",
  }
}
""".encode()


def start_answer(url: Any = PAGE, code: Any = "0", **response: Any) -> bytes:
    body = {"ErrorCode": code, "ErrorMsg": "ok", "Result": {"URL": url}, **response}
    return json.dumps({"Response": body}).encode()


def status_answer(status: Any, code: Any = "0") -> bytes:
    return json.dumps(
        {"Response": {"ErrorCode": code}, "Result": {"PaymentStatus": status}}
    ).encode()


def test_the_documents_own_status_answer_is_read_byte_for_byte() -> None:
    assert read_status(DOCUMENT_STATUS) == Answered(ElsomStatus.IN_PROGRESS)


@pytest.mark.parametrize(
    "body",
    [
        {"Response": {"ErrorCode": "0", "Result": {"PaymentStatus": "A"}}},
        {"Response": {"ErrorCode": "0"}, "Result": {"PaymentStatus": "A"}},
        {"Response": {"ErrorCode": "0", "Result": None}, "Result": {"PaymentStatus": "A"}},
        {"Response": {"ErrorCode": "0", "Result": ""}, "Result": {"PaymentStatus": "A"}},
        {"Response": {"ErrorCode": 0}, "Result": {"PaymentStatus": "a", "New": [1]}, "More": 1},
        {"Response": {"ErrorCode": "00"}, "Result": {"PaymentStatus": " A "}},
    ],
)
def test_the_result_is_read_inside_the_response_or_beside_it(body: Any) -> None:
    assert read_status(json.dumps(body).encode()) == Answered(ElsomStatus.PAID)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("A", ElsomStatus.PAID), ("a", ElsomStatus.PAID), ("1", ElsomStatus.IN_PROGRESS),
        (1, ElsomStatus.IN_PROGRESS),
        ("2", ElsomStatus.TIMED_OUT), (2, ElsomStatus.TIMED_OUT), ("3", ElsomStatus.CANCELLED),
        (3, ElsomStatus.CANCELLED), ("4", ElsomStatus.ERROR), (4, ElsomStatus.ERROR),
    ],
)  # fmt: skip
def test_letters_and_numbers_mean_the_same(said: Any, answer: ElsomStatus) -> None:
    assert read_status(status_answer(said)) == Answered(answer)


@pytest.mark.parametrize(
    "said", ["", "5", "0", "AA", "paid", "01", None, True, False, 1.0, 10, [], {}, "А", "１"]
)
def test_any_other_word_is_no_answer(said: Any) -> None:
    assert read_status(status_answer(said)) == Unusable("unknown-status", is_response=True)


@pytest.mark.parametrize("code", ["17", 17, "-1", "E5", "010"])
def test_an_error_code_is_a_refusal_whatever_else_is_said(code: Any) -> None:
    assert read_status(status_answer("A", code)) == Refused(str(code))
    assert read_start(start_answer(code=code)) == Refused(str(code), "ok")


@pytest.mark.parametrize("code", ["", None, [], {}, True, 0.0])
def test_without_an_error_code_there_is_no_answer(code: Any) -> None:
    assert read_status(status_answer("A", code)) == Unusable("no-error-code", is_response=True)
    assert read_start(start_answer(code=code)) == Unusable("no-error-code", is_response=True)


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"1", b'"A"', b"{}", b"<html>", b'{"Response": []}', b"{", b"\x00\xff"],
)
def test_anything_that_is_no_response_is_unreadable(body: bytes) -> None:
    assert read_status(body) == Unusable("unreadable")
    assert read_start(body) == Unusable("unreadable")


def test_an_accepted_start_gives_the_customers_page() -> None:
    assert read_start(start_answer()) == Accepted(PAGE)
    beside = {"Response": {"ErrorCode": 0}, "Result": {"URL": PAGE}}
    assert read_start(json.dumps(beside).encode()) == Accepted(PAGE)
    assert read_start(b"\xef\xbb\xbf" + start_answer()) == Accepted(PAGE)


@pytest.mark.parametrize(
    "url",
    [
        None, "", 5, "ftp://x", "http://elsom.example/x", "javascript:alert(1)", "//elsom.example",
        "https://", "https://elsom.example/a b", "https://elsom.example/\nx", "/merchant-payment",
        "https://elsom.example/" + "a" * 2_000, ["https://elsom.example"],
    ],
)  # fmt: skip
def test_without_a_page_to_send_the_customer_to_the_outcome_is_not_known(url: Any) -> None:
    assert read_start(start_answer(url)) == Unusable("no-url", is_response=True)


def test_plain_http_is_for_the_sandbox_only() -> None:
    body = start_answer("http://127.0.0.1:8090/merchant-payment/1")
    assert read_start(body) == Unusable("no-url", is_response=True)
    assert isinstance(read_start(body, plain_http=True), Accepted)


def test_trailing_commas_are_let_pass_but_never_inside_a_text() -> None:
    body = b'{"a": ["x,]", "y,}", "\\",}",], "b": {"c": ", }",} , }'
    assert read_json(body) == {"a": ["x,]", "y,}", '",}'], "b": {"c": ", }"}}


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b'\\"' * 32_000,
        b'{"a": ' + b"," * 65_000,
        b"[" * 65_000,
        b'{"' + b"\\" * 65_001,
    ],
    ids=["quotes", "commas", "brackets", "backslashes"],
)
def test_a_body_made_to_be_slow_is_read_quickly(body: bytes) -> None:
    began = time.process_time()
    assert read_json(body) is None
    assert time.process_time() - began < 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=5,
)
NAMES = [
    "Response", "Result", "ErrorCode", "ErrorMsg", "URL", "PaymentStatus", "PartnerPaymentResult",
    "PaymentResult", "PartnerTrnID", "PSPTTrnID", "PSPTrnID", "Message", "ChequeNo", "CashierNo",
]  # fmt: skip
elsom_like = st.recursive(
    json_values,
    lambda inner: st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=5,
)


def read_everything(body: bytes) -> None:
    assert isinstance(read_status(body), Answered | Refused | Unusable)
    assert isinstance(read_start(body), Accepted | Refused | Unusable)
    notification = read_notification(body)
    if notification is not None:
        assert 1 <= len(notification.partner_trn_id) <= 100


@given(elsom_like)
def test_no_json_makes_the_reader_fail(document: Any) -> None:
    read_everything(json.dumps(document).encode())


@settings(max_examples=200)
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\ 01A\ud800e.-', max_size=60).map(
    lambda text: text.encode(errors="surrogatepass")
))  # fmt: skip
def test_no_bytes_make_the_reader_fail(body: bytes) -> None:
    read_everything(body)
    read_everything(DOCUMENT_STATUS[: len(body)] + body)


@pytest.mark.parametrize("digits", [400, 5_000, 60_000])
def test_an_endless_number_does_not_make_the_reader_fail(digits: int) -> None:
    number = "9" * digits
    read_everything(f'{{"PartnerPaymentResult": {{"PartnerTrnID": {number}}}}}'.encode())
    read_everything(f'{{"Response": {{"ErrorCode": {number}}}}}'.encode())


def test_a_refusal_never_repeats_our_secrets_even_where_it_is_cut() -> None:
    password = "ee7e-long-password"
    message = "x" * 240 + password + " 0901015003 0556109910"
    refused = scrub_refusal(Refused(f"9{password}", message), (password, "0901015003", ""))
    assert refused.code == "9***"
    assert refused.message == ("x" * 240 + "*** *** 0556***910")[:250]
    assert scrub_refusal(Refused("", None), ()) == Refused("?")
