"""Which stack a command reaches: never production by accident."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import responses

from cli.answers import Answers
from cli.context import Context
from cli.errors import CliError
from cli.screen import Screen
from cli.target import DEFAULT_STACK, Target, post_json

ENDPOINT = "http://127.0.0.1:4566"
NOTHING = Answers()
REPORTED = Answers(stack="shop", region="eu-central-1")


def find_target(
    stack: str | None,
    region: str | None,
    profile: str | None,
    answers: Answers,
    *,
    local: bool,
    state: Path,
) -> Target:
    """The stack that a command with these options works on."""
    ours = Context(Screen(), stack, region, profile, local=local, state=state)
    vars(ours)["answers"] = answers
    return ours.target


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
    named = replace(REPORTED, env="dev", was_named=True)
    target = find_target(None, None, None, named, local=False, state=state)
    assert (target.stack, target.is_local) == ("shop", False)
    # Answers that are only kept do not lead away from the local AWS.
    assert find_target(None, None, None, REPORTED, local=False, state=state).is_local


def test_a_profile_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="nobody"):
        find_target(None, None, "nobody", NOTHING, local=False, state=tmp_path)


def test_the_api_is_called_where_the_stack_is_with_its_credentials(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = find_target(None, None, None, NOTHING, local=True, state=state)
    target.outputs = {"ApiUrl": f"{ENDPOINT}/_aws/execute-api/a1/v1"}
    with responses.RequestsMock() as answers:
        answers.get(f"{ENDPOINT}/_aws/execute-api/a1/v1/payments/A/timeline", json={"items": []})
        assert target.api.timeline("A") == []
        authorization = answers.calls[0].request.headers["Authorization"]
    assert "Credential=test/" in authorization
    assert "/us-east-1/execute-api/" in authorization
    monkeypatch.setattr(target.session, "get_credentials", lambda: None)
    with pytest.raises(CliError, match="no AWS credentials"):
        target.api_within(0)


def test_one_post_as_elsom_makes_it_is_answered_with_a_status_and_an_object() -> None:
    url = "https://pay.example/v1/elsom/token"
    with responses.RequestsMock() as answers:
        for body in ('{"Response": {"ErrorCode": "0"}}', "[1]", "no JSON", ""):
            answers.post(url, body=body, status=503)
        found = [post_json(url, {"a": 1}) for _ in range(4)]
        assert answers.calls[0].request.body == b'{"a": 1}'
    assert found == [(503, {"Response": {"ErrorCode": "0"}}), (503, {}), (503, {}), (503, {})]
