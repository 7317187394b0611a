"""The runbook's own commands, each run on a deployed stack."""

from __future__ import annotations

import re
import shlex

import pytest

from cli import secret
from cli.screen import Screen
from tests.deployed import Deployed
from tests.e2e.command_line import Elsom, a_case
from tests.receiver import Receiver
from tests.template.transform import ROOT

RUNBOOK = ROOT / "docs" / "runbook.md"


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """For commands whose waiting is not what is tried."""
    monkeypatch.setattr(Screen, "wait", lambda _self, _title, _seconds: None)
    monkeypatch.setattr(secret, "TAKEN_UP_AFTER", 0)


def runbook_commands() -> list[str]:
    """Every line of a block that needs no real account, once."""
    blocks = re.findall(r"^```sh\n(.*?)^```", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    return list(dict.fromkeys(line for block in blocks for line in block.splitlines() if line))


@pytest.fixture(scope="module")
def subjects(operated: tuple[Deployed, Receiver]) -> dict[str, str]:
    """What the runbook's reader fills in."""
    stack, _ = operated
    case = a_case(stack)
    return {"$PAYMENT": stack.start().body["id"], "$CASE": case["id"]}


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("command", runbook_commands())
def test_the_runbooks_commands_work(elsom: Elsom, subjects: dict[str, str], command: str) -> None:
    program, *arguments = shlex.split(command)
    assert program == "./elsom"
    filled = [subjects.get(word, word) for word in arguments]
    assert not [word for word in filled if word.startswith("$")]
    assert elsom.says(*filled).strip()
    if not filled[0].startswith("rotate"):
        assert isinstance(elsom.reports(*filled), dict)


def test_every_block_of_the_runbook_is_run_here_or_needs_a_real_account() -> None:
    kinds = set(re.findall(r"^```(.+)$", RUNBOOK.read_text(), re.MULTILINE))
    assert kinds == {"sh", "sh account"}
    assert len(runbook_commands()) > 15
