"""The shop's client signs as AWS computes it, and keeps secrets out of logs and errors."""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from elsom_payments_client import (
    ApiError,
    ElsomPayments,
    InvalidRequest,
    Signature,
)
from tests.unit.python_client.world import (
    CASE,
    KEYS,
    PAYMENT,
    PAYMENT_ID,
    URL,
    Answers,
    assert_signed,
    problem,
    query_of,
)


@pytest.mark.parametrize("order", ["A 1", "A+1", "A/1", "A%1", "A&B=C", "Заказ 7", "~a'(b)*"])
def test_a_call_is_signed_as_aws_computes_it(
    answers: Answers, api: ElsomPayments, order: str
) -> None:
    answers.give("GET", "/payments", {"items": [], "nextCursor": None})
    list(api.list(order_id=order, status="paid", limit=25))
    request = answers.requests[-1]
    assert query_of(request) == {"orderId": order, "status": "paid", "limit": "25"}
    assert_signed(request)


def test_a_start_is_signed_with_its_body_and_its_key_and_each_time_again(
    answers: Answers, api: ElsomPayments
) -> None:
    answers.give("POST", "/payments", problem("try-again"), 503, retry_after="1")
    answers.give("POST", "/payments", PAYMENT, 201)
    api.start("1500.00", "A-1001", idempotency_key="k", description="Ак калпак")
    for call in answers.calls:
        assert "idempotency-key" in call.request.headers["Authorization"]
        assert_signed(call.request)


@pytest.mark.parametrize("body", ['{"note": "Ак калпак"}', '{"note": "Ак калпак"}'.encode()])
def test_a_request_of_ones_own_is_signed_too(answers: Answers, body: str | bytes) -> None:
    answers.add("POST", f"{URL}/cases/A/resolve", json=CASE)
    url, signature = f"{URL}/cases/A/resolve", Signature(KEYS, "eu-central-1")
    requests.post(url, data=body, auth=signature, timeout=1)
    (request,) = answers.requests
    request.body = body if isinstance(body, bytes) else body.encode()
    assert_signed(request)


def test_no_other_credentials_take_the_signatures_place(
    answers: Answers, api: ElsomPayments, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {urlsplit(URL).hostname} login a password b\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    answers.give("GET", f"/payments/{PAYMENT_ID}", PAYMENT)
    api.get(PAYMENT_ID)
    assert_signed(answers.requests[-1])


def test_a_redirect_is_not_followed(answers: Answers, api: ElsomPayments) -> None:
    away = {"Location": "https://elsewhere.example/"}
    answers.add("GET", f"{URL}/payments/{PAYMENT_ID}", json={}, status=307, headers=away)
    with pytest.raises(ApiError, match="307"):
        api.get(PAYMENT_ID)


@pytest.mark.parametrize(
    ("url", "given", "configured", "region"),
    [
        (URL, None, "us-west-2", "eu-central-1"),
        (URL, "eu-west-1", "us-west-2", "eu-west-1"),
        ("https://pay.example/v1/", None, "us-west-2", "us-west-2"),
    ],
)
def test_the_region_is_the_one_given_or_the_hosts_or_the_configured_one(
    answers: Answers, monkeypatch: pytest.MonkeyPatch,
    url: str, given: str | None, configured: str, region: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("AWS_DEFAULT_REGION", configured)
    answers.add("GET", f"{url.rstrip('/')}/payments/{PAYMENT_ID}", json=PAYMENT)
    ElsomPayments(url, region=given, credentials=KEYS).get(PAYMENT_ID)
    assert f"/{region}/execute-api/" in answers.requests[-1].headers["Authorization"]


def test_without_region_or_credentials_there_is_no_client(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ValueError, match="no AWS region"):
        ElsomPayments("https://pay.example/v1", credentials=KEYS)
    with pytest.raises(ValueError, match="no AWS credentials"):
        ElsomPayments(URL)


def test_no_secret_is_in_a_log_or_an_error_at_any_level(
    answers: Answers, api: ElsomPayments, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers.give("POST", "/payments", problem("try-again"), 503, retry_after="1")
    answers.give("POST", "/payments", problem("invalid-request"), 400)
    with pytest.raises(InvalidRequest) as raised:
        api.start("1.00", "A", idempotency_key="k", customer_msisdn="0556109910")
    signature = answers.requests[-1].headers["Authorization"].rpartition("=")[2]
    everything = caplog.text + repr(raised.value) + repr(api) + repr(vars(api))
    for secret in ("very-secret-key", "session-token", "0556109910", signature):
        assert secret not in everything
    logging.getLogger("botocore.auth").debug("others may still log")
    assert "others may still log" in caplog.text
