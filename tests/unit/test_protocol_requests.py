"""What Elsom is sent: the document's fields, by name, in its order, all of them strings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.domain.money import Tyiyn
from payments.elsom.protocol import (
    Merchant,
    Start,
    notification_answer,
    start_request,
    status_request,
)

MERCHANT = Merchant(partner_code="00609", password="ee7e", msisdn="0901015003")
START_FIELDS = [
    "CultureInfo", "MSISDN", "PmSISDN", "PartnerCode", "Password", "ChequeNo", "PartnerTrnID",
    "Amount", "CashierNo", "UDF",
]  # fmt: skip
STATUS_FIELDS = ["CultureInfo", "MSISDN", "PartnerTrnID", "Password"]


def start(**fields: Any) -> Start:
    values = {
        "payment_id": "0123456789ABCDEFGHJK",
        "amount": Tyiyn(1_000),
        "order_id": "123",
        "language": "ru",
    }
    return Start(**{**values, **fields})


def test_the_documents_own_start_is_sent_field_for_field() -> None:
    sent = start_request(
        start(customer_msisdn="0556109910", cashier_no="0001", description="browserName"), MERCHANT
    )
    assert json.loads(sent) == {
        "IA_Init": {
            "CultureInfo": "ru-RU",
            "MSISDN": "0556109910",
            "PmSISDN": "0901015003",
            "PartnerCode": "00609",
            "Password": "ee7e",
            "ChequeNo": "123",
            "PartnerTrnID": "0123456789ABCDEFGHJK",
            "Amount": "10.00",
            "CashierNo": "0001",
            "UDF": "browserName",
        }
    }


def test_what_the_shop_left_out_is_sent_empty_and_the_wallet_as_zero() -> None:
    fields = json.loads(start_request(start(), MERCHANT))["IA_Init"]
    assert (fields["MSISDN"], fields["CashierNo"], fields["UDF"]) == ("0", "", "")


@pytest.mark.parametrize(
    ("language", "culture"), [("ky", "ky-KG"), ("ru", "ru-RU"), ("en", "en-US")]
)
def test_the_page_is_asked_for_in_the_customers_language(language: str, culture: str) -> None:
    assert json.loads(start_request(start(language=language), MERCHANT))["IA_Init"][
        "CultureInfo"
    ] == (culture)


@given(
    st.integers(min_value=1, max_value=99_999_999_999),
    st.text(max_size=20),
    st.none() | st.text(max_size=100),
)
def test_ten_fields_in_the_documents_order_all_strings(
    amount: int, order_id: str, description: str | None
) -> None:
    sent = start_request(
        start(amount=Tyiyn(amount), order_id=order_id, description=description), MERCHANT
    )
    document = json.loads(sent)
    assert list(document) == ["IA_Init"]
    fields = document["IA_Init"]
    assert list(fields) == START_FIELDS
    assert all(isinstance(value, str) for value in fields.values())
    assert fields["Amount"] == f"{amount // 100}.{amount % 100:02}"
    assert (fields["ChequeNo"], fields["UDF"]) == (order_id, description or "")


def test_the_status_question_has_the_merchants_wallet() -> None:
    document = json.loads(status_request("18", MERCHANT))
    assert list(document) == ["PartnerGetPaymentStatus"]
    fields = document["PartnerGetPaymentStatus"]
    assert list(fields) == STATUS_FIELDS
    assert fields == {
        "CultureInfo": "ru-RU",
        "MSISDN": "0901015003",
        "PartnerTrnID": "18",
        "Password": "ee7e",
    }


def test_a_notification_is_answered_as_the_document_says() -> None:
    assert notification_answer(accepted=True, message="Success") == (
        b'{"Response":{"ErrorCode":"0","ErrorMsg":"Success"}}'
    )
    refused = json.loads(notification_answer(accepted=False, message="no"))
    assert refused["Response"]["ErrorCode"] not in {"0", 0}


def test_the_password_is_not_shown_with_the_merchant() -> None:
    assert "ee7e" not in f"{MERCHANT!r} {MERCHANT}"
