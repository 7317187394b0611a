import json
from typing import Any

import pytest

from tests.sandbox.driver import START_FIELDS, STATUS_FIELDS, SandboxProcess, query


def refusal(sandbox: SandboxProcess, method: str, fields: dict[str, Any]) -> tuple[str, str]:
    answer = sandbox.post({method: fields})
    assert answer.status == 200
    response = answer.json()["Response"]
    assert set(answer.json()) == {"Response"}
    assert "Result" not in response
    return response["ErrorCode"], response["ErrorMsg"]


def test_a_start_is_answered_with_the_pay_page_inside_response(sandbox: SandboxProcess) -> None:
    answer = sandbox.start_payment()

    response = answer.json()["Response"]
    assert response["ErrorCode"] == "0"
    assert response["Result"]["URL"].startswith(f"{sandbox.url}/merchant-payment/")
    assert response["Result"]["URL"].endswith("?language=ru&platform=web")


@pytest.mark.parametrize("path", ["/", "/service/v1/merchant/generateOTP/7", "/status?x=1"])
def test_the_method_name_decides_not_the_path(sandbox: SandboxProcess, path: str) -> None:
    answer = sandbox.post({"IA_Init": START_FIELDS}, path)

    assert answer.json()["Response"]["ErrorCode"] == "0"
    assert sandbox.calls("test_24")[0]["path"] == path


def test_the_documents_status_answer_has_result_beside_response(sandbox: SandboxProcess) -> None:
    sandbox.start_payment()

    assert sandbox.query_status().json() == {
        "Response": {"ErrorCode": "0", "ErrorMsg": "Success"},
        "Result": {"PaymentStatus": "1", "Message": "Платеж в обработке"},
    }


def test_the_documents_trailing_comma_can_be_had_literally(sandbox: SandboxProcess) -> None:
    sandbox.control("PUT", "options", {"trailingComma": True})
    sandbox.start_payment()

    assert sandbox.query_status().text == (
        '{"Response": {"ErrorCode": "0", "ErrorMsg": "Success"}, '
        '"Result": {"PaymentStatus": "1", "Message": "Платеж в обработке",}}'
    )


def test_options_change_where_result_lies_and_how_codes_are_written(
    sandbox: SandboxProcess,
) -> None:
    changes = {"initResult": "beside", "statusResult": "inside", "numericCodes": True}
    assert sandbox.control("PUT", "options", changes).items() >= changes.items()

    started = sandbox.start_payment().json()
    queried = sandbox.query_status().json()

    assert started["Response"]["ErrorCode"] == 0
    assert started["Result"]["URL"]
    assert queried["Response"]["Result"]["PaymentStatus"] == 1


def test_the_status_method_has_both_of_the_documents_names(sandbox: SandboxProcess) -> None:
    sandbox.start_payment()

    answer = sandbox.post({"GetPaymentStatus": STATUS_FIELDS})

    assert answer.json()["Result"]["PaymentStatus"] == "1"


@pytest.mark.parametrize("name", START_FIELDS)
def test_a_start_without_one_of_the_ten_fields_is_refused(
    sandbox: SandboxProcess, name: str
) -> None:
    fields = {key: value for key, value in START_FIELDS.items() if key != name}

    code, message = refusal(sandbox, "IA_Init", fields)

    assert code == "12"
    assert f"Missing: {name}" in message


def test_an_eleventh_field_is_refused(sandbox: SandboxProcess) -> None:
    code, message = refusal(sandbox, "IA_Init", START_FIELDS | {"Extra": "1"})

    assert code == "12"
    assert "Unknown: Extra" in message


@pytest.mark.parametrize("name", START_FIELDS)
def test_a_value_that_is_no_string_is_refused(sandbox: SandboxProcess, name: str) -> None:
    code, message = refusal(sandbox, "IA_Init", START_FIELDS | {name: 10})

    assert (code, message) == ("12", f"{name} must be a string.")


@pytest.mark.parametrize(
    ("name", "limit"),
    [("ChequeNo", 20), ("PartnerTrnID", 20), ("Amount", 30), ("CashierNo", 20), ("UDF", 100)],
)
def test_the_longest_value_passes_and_one_more_character_is_refused(
    sandbox: SandboxProcess, name: str, limit: int
) -> None:
    accepted = sandbox.post({"IA_Init": START_FIELDS | {name: "1" * limit}})
    code, message = refusal(sandbox, "IA_Init", START_FIELDS | {name: "1" * (limit + 1)})

    assert accepted.json()["Response"]["ErrorCode"] == "0"
    assert (code, message) == ("12", f"{name} must be at most {limit} characters.")


@pytest.mark.parametrize("name", ["ChequeNo", "CashierNo", "UDF"])
def test_unused_fields_are_sent_empty(sandbox: SandboxProcess, name: str) -> None:
    assert (
        sandbox.post({"IA_Init": START_FIELDS | {name: ""}}).json()["Response"]["ErrorCode"] == "0"
    )


@pytest.mark.parametrize("amount", ["0", "0.00", "-1", "10,5", "1.234", "", "1e3", " 10"])
def test_an_amount_that_is_no_sum_is_refused(sandbox: SandboxProcess, amount: str) -> None:
    assert refusal(sandbox, "IA_Init", START_FIELDS | {"Amount": amount})[0] == "12"


@pytest.mark.parametrize(
    "wrong",
    [
        {"MSISDN": "556109910"},
        {"MSISDN": ""},
        {"CultureInfo": "ru-Ru"},
        {"CultureInfo": "de-DE"},
        {"PartnerTrnID": ""},
    ],
)
def test_values_the_document_does_not_allow_are_refused(
    sandbox: SandboxProcess, wrong: dict[str, str]
) -> None:
    assert refusal(sandbox, "IA_Init", START_FIELDS | wrong)[0] == "12"


@pytest.mark.parametrize(
    "wrong", [{"Password": "other"}, {"PartnerCode": "00610"}, {"PmSISDN": "0909002003"}]
)
def test_wrong_credentials_start_nothing(sandbox: SandboxProcess, wrong: dict[str, str]) -> None:
    assert refusal(sandbox, "IA_Init", START_FIELDS | wrong)[0] == "13"
    assert sandbox.control("GET", "transactions") == {"items": []}


@pytest.mark.parametrize("wrong", [{"Password": "other"}, {"MSISDN": "0909002003"}])
def test_wrong_credentials_are_told_no_status(
    sandbox: SandboxProcess, wrong: dict[str, str]
) -> None:
    sandbox.start_payment()

    assert refusal(sandbox, "PartnerGetPaymentStatus", STATUS_FIELDS | wrong)[0] == "13"


def test_the_status_of_an_unknown_payment_is_an_error(sandbox: SandboxProcess) -> None:
    assert refusal(sandbox, "PartnerGetPaymentStatus", STATUS_FIELDS)[0] == "15"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff",
        b"[]",
        b"{}",
        b'{"IA_Init": []}',
        b'{"Other": {}}',
        b'{"IA_Init": {}, "Other": {}}',
        b'{"IA_Init": {"UDF": "1", "UDF": "2"}}',
        b'{"IA_Init": {"\\ud800": "1"}}',
        b"[" * 200_000,
    ],
)
def test_what_is_no_call_of_the_protocol_is_refused_and_recorded(
    sandbox: SandboxProcess, body: bytes
) -> None:
    answer = sandbox.post(body)

    assert answer.json()["Response"]["ErrorCode"] == "11"
    assert len(sandbox.control("GET", "calls")["items"]) == 1


def test_another_content_type_is_refused(sandbox: SandboxProcess) -> None:
    body = json.dumps({"IA_Init": START_FIELDS}).encode()

    answer = query(sandbox.url, "POST", body, "text/plain")

    assert answer.json()["Response"]["ErrorCode"] == "11"


def test_a_repeated_start_is_refused_and_counted(sandbox: SandboxProcess) -> None:
    first = sandbox.pay_url()
    code, _ = refusal(sandbox, "IA_Init", START_FIELDS)

    transaction = sandbox.transaction("test_24")
    assert code == "14"
    assert (transaction["starts"], transaction["payUrl"]) == (2, first)
    assert len(sandbox.calls("test_24", "IA_Init")) == 2


def test_a_repeated_start_can_be_answered_with_the_first_url(sandbox: SandboxProcess) -> None:
    sandbox.control("PUT", "options", {"repeatedStart": "same-url"})

    assert sandbox.pay_url() == sandbox.pay_url()
    assert sandbox.transaction("test_24")["starts"] == 2


def test_a_repeated_start_can_open_a_second_payment_that_is_paid_too(
    sandbox: SandboxProcess,
) -> None:
    sandbox.control("PUT", "options", {"repeatedStart": "second-payment"})
    pages = [sandbox.pay_url(), sandbox.pay_url()]

    for page in pages:
        sandbox.send_form(page, action="pay", wallet="0556109910", code="4321")

    transaction = sandbox.transaction("test_24")
    assert pages[0] != pages[1]
    assert (transaction["starts"], transaction["timesPaid"], transaction["status"]) == (2, 2, "A")
