"""API Gateway's events in, its answers out, and no error that tells too much."""

import base64
import io
import json
from typing import Any

import pytest

from payments.aws.api_gateway import handle_errors, json_answer, problem_of, read_request
from payments.domain import errors
from payments.telemetry import logger

REQUEST_ID = "0b1c6a3e-7b0e-4a51-9c53-5f1f6b2f7f10"
ID = "0123456789ABCDEFGHJK"


def event(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "httpMethod": "GET",
        "resource": "/pay/{id}",
        "path": f"/pay/{ID}",
        "pathParameters": {"id": ID},
        "queryStringParameters": {"s": "sig"},
        "headers": {"Host": "abc123.execute-api.eu-central-1.amazonaws.com", "X-Test": "1"},
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {
            "path": f"/v1/pay/{ID}",
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
            "apiId": "abc123",
            "requestId": REQUEST_ID,
            "identity": {"sourceIp": "192.0.2.1"},
        },
    }
    context = changes.pop("context", {})
    return {**base, **changes, "requestContext": {**base["requestContext"], **context}}


def base_url(public: str = "", *, local: bool = False, **changes: Any) -> str:
    return read_request(event(**changes), public, local=local).base_url


def test_a_request_is_read_from_the_event() -> None:
    request = read_request(event(), "", local=False)
    assert (request.method, request.resource) == ("GET", "/pay/{id}")
    assert (request.parameter("id"), request.query["s"]) == (ID, "sig")
    assert (request.headers["x-test"], request.source_ip) == ("1", "192.0.2.1")
    assert (request.body, request.request_id, request.cookies) == (b"", REQUEST_ID, {})
    assert request.parameter("token") == ""


def test_missing_parts_of_an_event_are_empty() -> None:
    bare = {"httpMethod": "GET", "resource": "/payments", "path": "/payments"}
    request = read_request(bare, "https://pay.example", local=False)
    assert (request.query, request.headers, request.path_parameters) == ({}, {}, {})
    assert (request.source_ip, request.body) == ("", b"")


def test_a_forwarded_address_is_not_the_source() -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
    assert read_request(event(headers=headers), "", local=False).source_ip == "192.0.2.1"


def test_the_base_url_on_awss_own_domain_has_the_stage() -> None:
    assert base_url() == "https://abc123.execute-api.eu-central-1.amazonaws.com/v1"
    assert base_url(
        resource="/payments", pathParameters=None, context={"path": "/v1/payments"}
    ) == ("https://abc123.execute-api.eu-central-1.amazonaws.com/v1")


@pytest.mark.parametrize(
    ("path", "base"),
    [
        (f"/shop/pay/{ID}", "https://pay.example/shop"),
        (f"/pay/{ID}", "https://pay.example"),
        (f"/a/b/pay/{ID}", "https://pay.example/a/b"),
    ],
)
def test_the_base_url_on_a_custom_domain_has_its_base_path(path: str, base: str) -> None:
    assert base_url(context={"path": path, "domainName": "pay.example"}) == base


def test_the_base_url_that_is_set_wins() -> None:
    assert base_url("https://pay.example/x/") == "https://pay.example/x"
    assert base_url("https://pay.example/x", local=True) == "https://pay.example/x"


def test_the_base_url_of_the_local_aws_is_made_of_host_and_api() -> None:
    url = base_url(local=True, headers={"host": "127.0.0.1:4566"}, context={"domainName": None})
    assert url == "http://127.0.0.1:4566/_aws/execute-api/abc123/v1"


def test_on_aws_the_host_header_decides_nothing() -> None:
    assert "evil" not in base_url(headers={"Host": "evil.example", "X-Forwarded-Host": "evil.x"})


@pytest.mark.parametrize("body", [b"", b"{}", "Платеж".encode(), b"\xff\x00\xfe"])
def test_a_body_in_base64_is_decoded(body: bytes) -> None:
    encoded = event(body=base64.b64encode(body).decode(), isBase64Encoded=True)
    assert read_request(encoded, "", local=False).body == body


def test_a_plain_body_is_utf8() -> None:
    assert read_request(event(body="Платеж"), "", local=False).body == "Платеж".encode()


def test_cookies_are_read_one_by_one() -> None:
    headers = {"Cookie": "a=1; b=x.y=z;c; =d; elsom_payment=ID.SIG"}
    assert read_request(event(headers=headers), "", local=False).cookies == {
        "a": "1", "b": "x.y=z", "c": "", "elsom_payment": "ID.SIG",
    }  # fmt: skip


def test_cookies_in_fields_of_their_own_are_read_together() -> None:
    """HTTP/2 sends them so; a REST API keeps only the last in `headers`."""
    fields = ["_ga=GA1.1; theme=dark", "elsom_payment=ID.SIG", "last=1"]
    for name in ("cookie", "Cookie"):
        split = event(headers={name: "last=1"}, multiValueHeaders={name: fields})
        assert read_request(split, "", local=False).cookies == {
            "_ga": "GA1.1", "theme": "dark", "elsom_payment": "ID.SIG", "last": "1",
        }  # fmt: skip


@pytest.mark.parametrize("fields", [None, {}, {"Cookie": []}, {"Host": ["h"]}])
def test_without_cookie_fields_the_one_header_is_read(fields: dict[str, list[str]] | None) -> None:
    one = event(headers={"Cookie": "a=1"}, multiValueHeaders=fields)
    assert read_request(one, "", local=False).cookies == {"a": "1"}


PROBLEMS: list[tuple[errors.PaymentsError, int, str, bool]] = [
    (errors.InvalidRequest(("amount", "is required")), 400, "invalid-request", False),
    (errors.NotFound(), 404, "not-found", False),
    (errors.IdempotencyKeyReused("used"), 422, "idempotency-key-reused", False),
    (errors.StartInProgress(7), 409, "start-in-progress", True),
    (errors.ElsomRefused("ID", "17", "no wallet"), 422, "elsom-refused", False),
    (errors.ElsomUnreachable("refused"), 503, "elsom-unreachable", True),
    (errors.NotConfigured("x"), 503, "not-configured", True),
    (errors.StoreUnavailable("DynamoDB: Throttling"), 503, "try-again", True),
    (errors.QueueUnavailable("x"), 503, "try-again", True),
    (errors.ReportTooLarge(), 503, "report-too-large", False),
    (errors.WriteConflict(None), 500, "internal", False),
]


@pytest.mark.parametrize(("error", "status", "name", "retry"), PROBLEMS, ids=str)
def test_every_error_is_the_contracts_problem(
    error: errors.PaymentsError, status: int, name: str, retry: bool
) -> None:
    answer = problem_of(error, REQUEST_ID)
    assert answer["statusCode"] == status
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in answer["headers"]) is retry
    body = json.loads(answer["body"])
    assert body["type"] == f"urn:elsom-payments:problem:{name}"
    assert (body["status"], body["instance"]) == (status, f"urn:uuid:{REQUEST_ID}")
    assert body["title"]
    assert body["detail"]
    assert "DynamoDB" not in answer["body"]


def detail_of(error: errors.PaymentsError, *, has_key: bool) -> str:
    detail: str = json.loads(problem_of(error, REQUEST_ID, has_key=has_key)["body"])["detail"]
    return detail


@pytest.mark.parametrize(
    "error",
    [
        errors.ElsomUnreachable("x"),
        errors.StoreUnavailable("x"),
        errors.QueueUnavailable("x"),
        errors.PaymentsError(),
    ],
)
def test_only_a_call_that_has_a_key_is_to_be_repeated_with_it(error: errors.PaymentsError) -> None:
    assert "repeat the request." in detail_of(error, has_key=False).lower()
    key = "repeat the request with the same idempotency-key."
    assert key in detail_of(error, has_key=True).lower()


def test_an_internal_error_is_safe_to_repeat_and_names_what_to_quote() -> None:
    detail = detail_of(errors.PaymentsError(), has_key=True)
    assert detail.startswith("It is safe to repeat")
    assert "`instance`" in detail


def test_a_refusal_says_that_a_new_attempt_needs_a_new_key() -> None:
    detail = detail_of(errors.ElsomRefused("ID", "17", "no wallet"), has_key=True)
    assert detail.endswith("see elsomErrorMessage. A new attempt needs a new Idempotency-Key.")


def test_a_refusal_tells_elsoms_code_and_words() -> None:
    body = json.loads(problem_of(errors.ElsomRefused("ID", "17", None), REQUEST_ID)["body"])
    assert body["paymentId"] == "ID"
    assert (body["elsomErrorCode"], body["elsomErrorMessage"]) == ("17", None)


def test_wrong_fields_are_listed() -> None:
    error = errors.InvalidRequest(("amount", "is required"), ("x", "is not a field"))
    body = json.loads(problem_of(error, REQUEST_ID)["body"])
    assert body["errors"] == [
        {"field": "amount", "message": "is required"},
        {"field": "x", "message": "is not a field"},
    ]


def test_a_wallet_number_given_as_a_fields_name_is_not_told_back() -> None:
    error = errors.InvalidRequest(("0556109910", "is not a field of this request"))
    assert "0556109910" not in problem_of(error, REQUEST_ID)["body"] + str(error)
    assert error.errors[0][0] == "0556***910"


def test_waiting_times_are_told() -> None:
    assert problem_of(errors.StartInProgress(7), "")["headers"]["Retry-After"] == "7"


def test_an_unforeseen_error_shows_neither_its_text_nor_its_trace(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", log)
    secret = "elsom-password 0556109910"

    @handle_errors(problem_of)
    def broken(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        raise RuntimeError(secret)

    answer = broken(event(), None)
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["type"].endswith(":internal")
    captured = capsys.readouterr()
    assert '"unexpected error"' in log.getvalue()
    assert "test_api_gateway.py:" in log.getvalue()
    everything = json.dumps(answer) + log.getvalue() + captured.out + captured.err
    assert "Traceback" not in everything
    assert not any(word in everything for word in secret.split())


def test_an_error_of_ours_leaves_as_a_problem() -> None:
    @handle_errors(problem_of)
    def refuses(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
        raise errors.NotFound

    assert refuses(event(), None)["statusCode"] == 404


def test_answers_are_not_cached() -> None:
    answer = json_answer(200, {"a": "б"}, {"X": "1"})
    assert answer["headers"] == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X": "1",
    }
    assert json.loads(answer["body"]) == {"a": "б"}
    assert json_answer(200, b"{}")["body"] == "{}"
