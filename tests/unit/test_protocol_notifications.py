"""Notifications in every form, none of them believed."""

import json
from typing import Any

import pytest

from payments.elsom.protocol import Notification, read_notification

# The document's own bytes.
DOCUMENT = """{
  "PartnerPaymentResult": {
    "CultureInfo": "ru-Ru",
    "MSISDN": "0555150155",
    "PartnerTrnID": "123456",
    "PSPTTrnID": "PSP123456",
    "PaymentStatus": "A",
    "Message": "Платеж прошел успешно",
    "CashierNo": "123456",
    "ChequeNo": "123456"
  }
}
""".encode()


def body(method: str = "PartnerPaymentResult", **fields: Any) -> bytes:
    return json.dumps({method: {"PartnerTrnID": "T1", **fields}}).encode()


def test_the_documents_own_notification_is_read_byte_for_byte() -> None:
    assert read_notification(DOCUMENT) == Notification(
        partner_trn_id="123456",
        transaction_id="PSP123456",
        payment_status="A",
        message="Платеж прошел успешно",
        cheque_no="123456",
        cashier_no="123456",
    )


@pytest.mark.parametrize("method", ["PartnerPaymentResult", "PaymentResult"])
@pytest.mark.parametrize("field", ["PSPTTrnID", "PSPTrnID"])
def test_both_names_of_the_method_and_of_the_transaction_are_read(method: str, field: str) -> None:
    read = read_notification(body(method, **{field: "PSP1"}))
    assert read is not None
    assert (read.partner_trn_id, read.transaction_id) == ("T1", "PSP1")


def test_numbers_are_read_as_texts() -> None:
    read = read_notification(
        b'{"PaymentResult": {"PartnerTrnID": 18, "PSPTrnID": 99, "PaymentStatus": 1,}}'
    )
    assert read == Notification(partner_trn_id="18", transaction_id="99", payment_status="1")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"null", b"[]", b"{}", b'{"IA_Init": {}}', b'{"PartnerPaymentResult": null}',
        b'{"PartnerPaymentResult": []}', b'{"PartnerPaymentResult": {}}',
        b'{"PartnerPaymentResult": {"PartnerTrnID": ""}}',
        b'{"PartnerPaymentResult": {"PartnerTrnID": "  "}}',
        b'{"PartnerPaymentResult": {"PartnerTrnID": null}}',
        b'{"PartnerPaymentResult": {"PartnerTrnID": true}}',
        b'{"PartnerPaymentResult": {"PartnerTrnID": ["x"]}}',
        b"PartnerTrnID=1&PaymentStatus=A",
    ],
)  # fmt: skip
def test_without_a_method_and_an_id_it_is_no_notification(raw: bytes) -> None:
    assert read_notification(raw) is None


def test_long_fields_are_cut_to_the_documents_lengths() -> None:
    long = "x" * 2_000
    fields = ("PSPTTrnID", "PaymentStatus", "Message", "ChequeNo", "CashierNo")
    read = read_notification(body(PartnerTrnID=long, **dict.fromkeys(fields, long)))
    assert read is not None
    lengths = (
        len(read.partner_trn_id),
        len(read.transaction_id or ""),
        len(read.payment_status or ""),
        len(read.message or ""),
        len(read.cheque_no or ""),
        len(read.cashier_no or ""),
    )
    assert lengths == (100, 30, 100, 250, 100, 100)


def test_wallet_numbers_in_texts_are_masked_even_where_they_are_cut() -> None:
    read = read_notification(body(Message="x" * 242 + "0556109910", PaymentStatus="A 0556109910"))
    assert read is not None
    assert read.message == "x" * 242 + "0556***9"
    assert read.payment_status == "A 0556***910"


def test_the_wallet_of_a_notification_is_not_kept() -> None:
    assert "0555150155" not in repr(read_notification(DOCUMENT))


def test_bytes_that_are_not_utf8_are_let_pass_inside_texts() -> None:
    text = "Платеж".encode("cp1251")
    raw = b'{"PartnerPaymentResult": {"PartnerTrnID": "T1", "Message": "' + text + b'"}}'
    read = read_notification(raw)
    assert read is not None
    assert read.partner_trn_id == "T1"
    assert read.message
