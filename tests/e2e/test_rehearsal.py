"""The rehearsal for a real account, every step of it that the local AWS can do."""

from __future__ import annotations

import json

import pytest

from cli.__main__ import main
from cli.rehearsal import STEPS
from tools.local.cloud import LocalCloud

# What only a real account shows, and why.
NOT_HERE = {
    "agree to e-mail": "no --alarm-email was given",
    "restore": "the local AWS restores no backup",
    "attach": "the local AWS takes the change set, but imports nothing",
    "doctor again": "nothing was attached",
}


@pytest.fixture
def local(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    cloud.save()
    monkeypatch.setenv("STATE_DIR", str(cloud.state))
    return cloud


@pytest.mark.timeout(300)
def test_every_step_is_seen_or_says_why_not_and_nothing_is_left(
    local: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    built = str(local.state / "build" / "template.yaml")
    code = main(["--local", "rehearse", "--built", built, "--yes", "--json"])
    reported = json.loads(capsys.readouterr().out)
    states = {one["step"]: (one["state"], one["said"]) for one in reported["steps"]}
    assert list(states) == [*STEPS, "delete everything"]
    assert {name: said for name, (state, said) in states.items() if state != "seen"} == NOT_HERE
    assert (code, reported["ok"]) == (0, True)
    stack = reported["stack"]
    tables = local.client("dynamodb").list_tables()["TableNames"]
    roles = [one["RoleName"] for one in local.client("iam").list_roles()["Roles"]]
    secrets = [one["Name"] for one in local.client("secretsmanager").list_secrets()["SecretList"]]
    assert not [one for one in (*tables, *roles, *secrets) if one.startswith(stack)]


def test_a_rehearsal_deletes_no_other_stack(
    local: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--local", "rehearse", "--remove", "elsom-payments", "--json"]) == 1
    assert "no rehearsal's stack" in json.loads(capsys.readouterr().out)["error"]
