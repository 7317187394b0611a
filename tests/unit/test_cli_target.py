"""Which stack a command reaches: never production by accident."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tools.elsom.target import DEFAULT_STACK, CliError, Target, find_target

ENDPOINT = "http://127.0.0.1:4566"


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
    target = find_target(None, None, None, local=False, state=state)
    assert (target.stack, target.endpoint) == ("elsom-payments-local", ENDPOINT)
    assert target.is_local


@pytest.mark.parametrize(
    ("stack", "region"), [("elsom-payments-prod", None), (None, "eu-central-1")]
)
def test_a_named_stack_or_region_is_always_a_real_account(
    state: Path, stack: str | None, region: str | None
) -> None:
    target = find_target(stack, region, None, local=False, state=state)
    assert not target.is_local
    assert target.endpoint is target.sandbox_url is None
    assert target.stack == (stack or DEFAULT_STACK)


def test_local_never_reaches_a_real_account(state: Path, tmp_path: Path) -> None:
    target = find_target("second-shop", "eu-central-1", None, local=True, state=state)
    assert (target.stack, target.endpoint) == ("second-shop", ENDPOINT)
    with pytest.raises(CliError, match="make run"):
        find_target(None, None, None, local=True, state=tmp_path / "elsewhere")


def test_without_a_local_stack_the_account_is_meant(tmp_path: Path) -> None:
    target = find_target(None, None, None, local=False, state=tmp_path)
    assert (target.stack, target.is_local) == (DEFAULT_STACK, False)


def test_without_a_region_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(CliError, match="region"):
        find_target(None, None, None, local=False, state=tmp_path)


def test_a_profile_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="nobody"):
        find_target(None, None, "nobody", local=False, state=tmp_path)


@pytest.mark.parametrize(
    ("limit", "sizes"), [(25, ["25"]), (100, ["100"]), (150, ["100", "50"]), (400, ["100"] * 3)]
)
def test_a_list_is_read_page_by_page_up_to_its_limit_or_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int, sizes: list[str]
) -> None:
    kept = [{"id": str(number)} for number in range(250)]
    asked: list[dict[str, str]] = []

    def ask(_: Target, method: str, path: str) -> dict[str, Any]:
        query = dict(parse_qsl(urlsplit(path).query))
        asked.append(query)
        start = int(query.get("cursor", "0"))
        end = start + int(query["limit"])
        assert (method, urlsplit(path).path, query["state"]) == ("GET", "/cases", "open")
        return {"items": kept[start:end], "nextCursor": str(end) if end < len(kept) else None}

    monkeypatch.setattr(Target, "ask", ask)
    target = find_target(None, None, None, local=False, state=tmp_path)
    assert target.newest("/cases", {"state": "open"}, limit) == kept[:limit]
    assert [query["limit"] for query in asked] == sizes
    assert [query.get("cursor") for query in asked] == [None, "100", "200"][: len(sizes)]
