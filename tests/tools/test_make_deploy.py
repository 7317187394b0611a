"""`make deploy` as a newcomer types it: few questions, kept answers, one clear sentence."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.terminal import Session, at_terminal
from tools.environments import ROOT

pytestmark = [pytest.mark.needs("make"), pytest.mark.timeout(120)]
INIT = "https://elsom.example:10690/init"
STATUS = "https://elsom.example:10690/status"
ANSWERS = {
    "AWS region": ["eu-central-1"],
    "for starts": [INIT],
    "for status": [STATUS],
    "E-mail": ["ops@shop.example"],
    "webhooks": ["-"],
}
ONLY_ENTER = {prompt: [""] for prompt in ANSWERS}
MOST_PROMPTS = 6
# The SAM CLI asks once more before it changes anything on an account.
OF_SAM = 1


def environment(home: Path) -> dict[str, str]:
    """A newcomer's: no credentials, nothing set."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}


def deploy(
    folder: Path, answers: Mapping[str, Sequence[str]] = ANSWERS, *words: str, **more: str
) -> Session:
    command = ["make", "deploy", f"CONFIG_FILE={folder / 'samconfig.local.toml'}", *words]
    return at_terminal(command, answers, {**environment(folder), **more}, ROOT)


def kept(folder: Path, env: str = "default") -> dict[str, Any]:
    settings: dict[str, Any] = tomllib.loads((folder / "samconfig.local.toml").read_text())[env]
    return settings


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Session]:
    folder = tmp_path_factory.mktemp("newcomer")
    return folder, deploy(folder)


def test_it_asks_at_most_six_questions_of_which_sam_asks_one(first: tuple[Path, Session]) -> None:
    _, session = first
    assert len(session.queried) == len(ANSWERS), session.screen
    assert len(session.queried) + OF_SAM <= MOST_PROMPTS


def test_without_an_account_it_ends_with_one_sentence_about_credentials(
    first: tuple[Path, Session],
) -> None:
    _, session = first
    *_, said, made = session.lines
    assert said == (
        "Nothing is deployed: there are no AWS credentials;"
        " log in: aws login (or set AWS_PROFILE), then run this again."
    )
    # What make itself says of every command that fails.
    assert made.startswith("make: *** ")
    assert session.code != 0
    assert "Traceback" not in session.screen


def test_the_answers_are_kept_for_sam_and_the_tracked_file_is_not_written(
    first: tuple[Path, Session],
) -> None:
    folder, _ = first
    settings = kept(folder)
    assert settings["global"]["parameters"] == {
        "stack_name": "elsom-payments",
        "region": "eu-central-1",
    }
    given = settings["deploy"]["parameters"]
    assert given["capabilities"] == "CAPABILITY_IAM"
    assert given["parameter_overrides"] == {
        "ElsomInitUrl": INIT,
        "ElsomStatusUrl": STATUS,
        "AlarmEmail": "ops@shop.example",
    }
    tracked = (ROOT / "samconfig.toml").read_text()
    assert "eu-central-1" not in tracked
    assert "elsom.example" not in tracked
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", "samconfig.local.toml"], cwd=ROOT, check=False
    )
    assert ignored.returncode == 0


def test_run_again_it_shows_the_kept_answers_and_enter_keeps_them(
    first: tuple[Path, Session],
) -> None:
    folder, _ = first
    before = kept(folder)
    again = deploy(folder, ONLY_ENTER)
    shown = "\n".join(again.queried)
    for answer in ("[eu-central-1]", f"[{INIT}]", f"[{STATUS}]", "[ops@shop.example]"):
        assert answer in shown
    assert kept(folder) == before


def test_a_dash_takes_an_answer_away(tmp_path: Path) -> None:
    deploy(tmp_path)
    deploy(tmp_path, {**ONLY_ENTER, "E-mail": ["-"]})
    # Empty, not absent: a stack keeps the last value of what is not told.
    assert kept(tmp_path)["deploy"]["parameters"]["parameter_overrides"]["AlarmEmail"] == ""


def test_another_environment_and_stack_are_kept_beside_the_first(tmp_path: Path) -> None:
    deploy(tmp_path)
    deploy(tmp_path, ANSWERS, "ENV=dev", "STACK=trial")
    assert kept(tmp_path, "dev")["global"]["parameters"]["stack_name"] == "trial"
    overrides = kept(tmp_path, "dev")["deploy"]["parameters"]["parameter_overrides"]
    assert overrides["LogRetentionDays"] == "7"
    assert kept(tmp_path)["global"]["parameters"]["stack_name"] == "elsom-payments"


@pytest.mark.parametrize(
    ("prompt", "typed", "said"),
    [
        ("for starts", "http://elsom.example/init", "https"),
        ("for starts", "elsom.example", "https URL"),
        ("E-mail", "nobody", "e-mail address"),
        ("AWS region", "Frankfurt", "eu-central-1"),
    ],
)
def test_a_wrong_answer_is_told_and_asked_again(
    tmp_path: Path, prompt: str, typed: str, said: str
) -> None:
    session = deploy(tmp_path, {**ANSWERS, prompt: [typed, *ANSWERS[prompt]]})
    assert re.search(rf"^  .*{re.escape(said)}", session.screen, re.MULTILINE), session.screen
    assert len(session.queried) == len(ANSWERS) + 1


def test_nothing_is_deployed_to_an_endpoint_override(tmp_path: Path) -> None:
    session = deploy(tmp_path, AWS_ENDPOINT_URL="http://127.0.0.1:4566")
    assert "AWS_ENDPOINT_URL" in session.lines[-2]
    assert "not reach the real AWS" in session.lines[-2]
    assert session.code != 0
