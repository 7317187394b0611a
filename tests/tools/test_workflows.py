"""GitHub's workflows: pinned by digest, with few rights, without long-lived keys."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.answers import ENVIRONMENTS as ENVIRONMENT_NAMES
from tools.environments import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# `v7.0.1` of each was this commit when it was pinned; a tag can be moved, a commit cannot.
PINNED = re.compile(r"^\s*-? ?uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$", re.MULTILINE)


def jobs(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text())["jobs"]
    return found


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(file).values() for step in job.get("steps", [])]


def test_there_is_one_for_deployments_releases_tests_and_what_takes_long() -> None:
    assert [file.name for file in WORKFLOWS] == [
        "deploy.yml",
        "release.yml",
        "test.yml",
        "weekly.yml",
    ]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_action_is_pinned_by_digest_with_its_version_beside_it(file: Path) -> None:
    used = [step["uses"].partition("@")[0] for step in steps(file) if "uses" in step]
    assert used
    assert [name for name, _ in PINNED.findall(file.read_text())] == used


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_nothing_that_others_write_becomes_a_part_of_a_command(file: Path) -> None:
    assert not [step for step in steps(file) if "${{" in step.get("run", "")]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_there_are_no_long_lived_keys(file: Path) -> None:
    text = file.read_text()
    assert "secrets." not in text
    assert "aws-access-key-id" not in text


def test_only_the_deployment_may_ask_aws_for_credentials() -> None:
    may = {
        (file.name, name)
        for file in WORKFLOWS
        for name, job in jobs(file).items()
        if "id-token" in (job.get("permissions") or {})
    }
    assert may == {("deploy.yml", "deploy")}
    for file in WORKFLOWS:
        document = yaml.safe_load(file.read_text())
        assert document["permissions"] in ({}, {"contents": "read"})


def test_only_the_release_may_write_to_the_repository() -> None:
    may = {
        (file.name, name)
        for file in WORKFLOWS
        for name, job in jobs(file).items()
        if "write" in {(job.get("permissions") or {}).get("contents")}
    }
    assert may == {("release.yml", "release")}


def test_nothing_is_released_that_was_not_tested() -> None:
    release = jobs(ROOT / ".github" / "workflows" / "release.yml")
    assert release["release"]["needs"] == "test"
    assert release["test"]["uses"] == "./.github/workflows/test.yml"


def test_every_exception_from_checkov_has_its_reason() -> None:
    lines = (ROOT / ".checkov.yaml").read_text().partition("skip-check:\n")[2].splitlines()
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"  - CKV_AWS_\d+ # \S.{20,}", line)]


def test_new_versions_of_everything_that_is_pinned_are_proposed() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    folders = {
        f"{update['package-ecosystem']} {folder}"
        for update in updates
        for folder in update.get("directories", [update.get("directory")])
    }
    pinned = {file.parent for depth in ("*", "[a-z]*/*") for file in ROOT.glob(f"{depth}/*.in")}
    assert ROOT / "layers" / "payments" in pinned
    for folder in pinned:
        assert f"uv /{folder.relative_to(ROOT)}" in folders
    for file in (*ROOT.glob("requirements/*/package.json"), *ROOT.glob("clients/*/package.json")):
        assert f"npm /{file.parent.relative_to(ROOT)}" in folders
    assert "github-actions /" in folders


def test_nothing_is_deployed_that_was_not_tested() -> None:
    deploy = jobs(ROOT / ".github" / "workflows" / "deploy.yml")
    assert deploy["deploy"]["needs"] == "test"
    assert deploy["test"]["uses"] == "./.github/workflows/test.yml"


def test_every_environment_has_its_settings_and_its_own_stack_name() -> None:
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert set(settings) - {"version"} == set(ENVIRONMENT_NAMES)
    names = {
        name: settings[name]["global"]["parameters"]["stack_name"] for name in ENVIRONMENT_NAMES
    }
    assert names["prod"] == names["default"]
    assert len({names[name] for name in ("dev", "staging", "prod")}) == 3
    for name in ENVIRONMENT_NAMES:
        assert settings[name]["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
        assert settings[name]["deploy"]["parameters"]["resolve_s3"] is True
