"""Which stack a command reaches: never production by accident."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus, urlsplit

import pytest

from cli.answers import Answers
from cli.target import DEFAULT_STACK, CliError, Target, find_target

ENDPOINT = "http://127.0.0.1:4566"
NOTHING = Answers()
REPORTED = Answers(stack="shop", region="eu-central-1")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    described = {
        "accessKeyId": "test",
        "secretAccessKey": "test",
        "region": "us-east-1",
        "awsEndpoint": ENDPOINT,
        "sandboxUrl": "http://127.0.0.1:8090",
        "stackName": "elsom-payments-local",
    }
    (tmp_path / "stack.json").write_text(json.dumps(described))
    return tmp_path


def test_the_local_stack_is_meant_where_one_is_there(state: Path) -> None:
    target = find_target(None, None, None, NOTHING, local=False, state=state)
    assert (target.stack, target.endpoint) == ("elsom-payments-local", ENDPOINT)
    assert target.is_local


@pytest.mark.parametrize(
    ("stack", "region"), [("elsom-payments-prod", None), (None, "eu-central-1")]
)
def test_a_named_stack_or_region_is_always_a_real_account(
    state: Path, stack: str | None, region: str | None
) -> None:
    target = find_target(stack, region, None, NOTHING, local=False, state=state)
    assert not target.is_local
    assert target.endpoint is target.sandbox_url is None
    assert target.stack == (stack or DEFAULT_STACK)


def test_local_never_reaches_a_real_account(state: Path, tmp_path: Path) -> None:
    target = find_target("second-shop", "eu-central-1", None, NOTHING, local=True, state=state)
    assert (target.stack, target.endpoint) == ("second-shop", ENDPOINT)
    with pytest.raises(CliError, match="make run"):
        find_target(None, None, None, NOTHING, local=True, state=tmp_path / "elsewhere")


def test_without_a_local_stack_the_account_is_meant(tmp_path: Path) -> None:
    target = find_target(None, None, None, NOTHING, local=False, state=tmp_path)
    assert (target.stack, target.is_local) == (DEFAULT_STACK, False)


def test_without_a_region_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(CliError, match="region"):
        find_target(None, None, None, NOTHING, local=False, state=tmp_path)


def test_stack_and_region_are_those_that_make_deploy_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    target = find_target(None, None, None, REPORTED, local=False, state=tmp_path)
    assert (target.stack, target.session.region_name) == ("shop", "eu-central-1")
    target = find_target("other", "eu-west-1", None, REPORTED, local=False, state=tmp_path)
    assert (target.stack, target.session.region_name) == ("other", "eu-west-1")


def test_the_region_of_the_environment_is_taken_where_none_was_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    target = find_target(None, None, None, NOTHING, local=False, state=tmp_path)
    assert target.session.region_name == "us-west-2"


def test_an_environment_that_is_named_is_in_the_account_whatever_runs_locally(state: Path) -> None:
    named = REPORTED.updated(env="dev", was_named=True)
    target = find_target(None, None, None, named, local=False, state=state)
    assert (target.stack, target.is_local) == ("shop", False)
    # Answers that are only kept do not lead away from the local AWS.
    assert find_target(None, None, None, REPORTED, local=False, state=state).is_local


def test_a_profile_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="nobody"):
        find_target(None, None, "nobody", NOTHING, local=False, state=tmp_path)


@pytest.mark.parametrize(
    ("limit", "sizes"), [(25, ["25"]), (100, ["100"]), (150, ["100", "50"]), (400, ["100"] * 3)]
)
def test_a_list_is_read_page_by_page_up_to_its_limit_or_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, sizes: list[str]
) -> None:
    kept = [{"id": str(number)} for number in range(250)]
    queried: list[dict[str, str]] = []

    def query(_: Target, method: str, path: str) -> dict[str, Any]:
        query = dict(parse_qsl(urlsplit(path).query))
        queried.append(query)
        start = int(query.get("cursor", "0"))
        end = start + int(query["limit"])
        assert (method, urlsplit(path).path, query["state"]) == ("GET", "/cases", "open")
        return {"items": kept[start:end], "nextCursor": str(end) if end < len(kept) else None}

    monkeypatch.setattr(Target, "call_api", query)
    target = find_target(None, None, None, NOTHING, local=False, state=tmp_path)
    assert target.newest("/cases", {"state": "open"}, limit) == kept[:limit]
    assert [query["limit"] for query in queried] == sizes
    assert [query.get("cursor") for query in queried] == [None, "100", "200"][: len(sizes)]


@pytest.mark.parametrize("order", ["A 1", "A+1", "A/1", "A%1", "A&B=C", "Заказ 7", "~a'(b)*"])
def test_a_list_by_any_order_is_signed_as_aws_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str
) -> None:
    sent: list[Any] = []

    def urlopen(request: Any, **_: Any) -> Any:
        sent.append(request)
        raise OSError("not sent")

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    target = find_target(None, None, None, NOTHING, local=False, state=tmp_path)
    target.outputs = {"ApiUrl": "https://a1.execute-api.us-east-1.amazonaws.com/v1"}
    with pytest.raises(OSError, match="not sent"):
        target.newest("/payments", {"orderId": order, "status": "paid"}, 25)
    (request,) = sent
    query = urlsplit(request.full_url).query
    assert dict(parse_qsl(query)) == {"orderId": order, "status": "paid", "limit": "25"}
    assert signature_of_aws(request, query) == request.headers["Authorization"].rpartition("=")[2]


def signature_of_aws(request: Any, query: str) -> str:
    """The signature that AWS computes: over what it has decoded and encoded again by its rules."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    host = {"host": urlsplit(request.full_url).netloc}
    words = [[unquote_plus(word) for word in pair.split("=")] for pair in query.split("&")]
    pairs = [[quote(word, safe="") for word in pair] for pair in words]
    canonical = "\n".join(
        [
            request.method,
            urlsplit(request.full_url).path,
            "&".join(sorted("=".join(pair) for pair in pairs)),
            *(f"{name}:{({**headers, **host})[name]}" for name in signed.split(";")),
            "",
            signed,
            hashlib.sha256(b"").hexdigest(),
        ]
    )
    stamp = headers["x-amz-date"]
    scope = f"{stamp[:8]}/us-east-1/execute-api/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = b"AWS4test"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()
