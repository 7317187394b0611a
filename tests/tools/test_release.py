"""`make release` tags what is committed and described; the tag becomes packages and notes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tools.environments import ROOT

VERSION = "98.7.6"
WRITES_VERSION = (
    "clients/node/package.json",
    "clients/python/elsom_payments_client/__init__.py",
    "docs/api/openapi.json",
    "layers/payments/payments/__init__.py",
    "template.yaml",
)
pytestmark = [pytest.mark.needs("make"), pytest.mark.timeout(240)]


@cache
def environment() -> dict[str, str]:
    """Of somebody with a name, without settings of their own."""
    who = {
        f"GIT_{role}_{what}": "releaser@shop.example"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return {
        **os.environ,
        **who,
        **git,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }


def run(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment(), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def git(folder: Path, *arguments: str) -> str:
    done = run(folder, "git", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout as one commit on main, its environments made; no test is run there."""
    folder = tmp_path_factory.mktemp("repository")
    listed = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard").stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    makefile = (folder / "Makefile").read_text()
    # In place of the environments and of all tests: whether they were to be strict.
    makefile = re.sub(r"^(environments|test):.*\n(\t.*\n)*", "", makefile, flags=re.MULTILINE)
    (folder / "Makefile").write_text(
        f"{makefile}\nenvironments:\n\ntest:\n"
        '\t@echo "STRICT=$$STRICT PARTS=$(PARTS)" >.local/tested\n'
    )
    (folder / ".local").mkdir()
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    with (folder / ".gitignore").open("a") as ignored:
        ignored.write(".venv\n")
    change_log = folder / "CHANGELOG.md"
    change_log.write_text(
        "# Changelog\n\n## Unreleased\n\n- Something new.\n\n## 0.9.0 - 2026-01-01\n\n- Old.\n"
    )
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "All")
    return folder


@pytest.fixture
def repository(original: Path, tmp_path: Path) -> Path:
    """A repository of its own that is ready to be released."""
    shutil.copytree(original, tmp_path / "repository", symlinks=True)
    return tmp_path / "repository"


def release(folder: Path, version: str = VERSION) -> subprocess.CompletedProcess[str]:
    return run(folder, "make", "release", f"VERSION={version}", "PARTS=unit", PYTHONPATH="")


def tags(folder: Path) -> list[str]:
    return git(folder, "tag", "--list").splitlines()


def test_what_is_ready_is_tested_whole_written_down_and_tagged(repository: Path) -> None:
    done = release(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (repository / ".local" / "tested").read_text() == "STRICT=1 PARTS=\n"
    assert done.stdout.splitlines()[-1].endswith(f"git push origin main v{VERSION}")
    assert tags(repository) == [f"v{VERSION}"]
    assert git(repository, "cat-file", "-t", f"v{VERSION}") == "tag"
    assert git(repository, "rev-parse", f"v{VERSION}^{{commit}}") == git(
        repository, "rev-parse", "HEAD"
    )
    assert git(repository, "status", "--porcelain") == ""
    changed = git(repository, "diff", "--name-only", "HEAD~1").splitlines()
    assert set(changed) >= {*WRITES_VERSION, "CHANGELOG.md"}
    for name in WRITES_VERSION:
        assert VERSION in git(repository, "diff", "--unified=0", "HEAD~1", "--", name), name
    today = datetime.now(UTC).astimezone().date().isoformat()
    assert (
        f"## Unreleased\n\n## {VERSION} - {today}\n\n- Something new."
        in (repository / "CHANGELOG.md").read_text()
    )


def test_what_is_not_ready_is_refused_before_the_tests(repository: Path) -> None:
    def refused(says: str, version: str = VERSION) -> None:
        done = release(repository, version)
        assert done.returncode
        assert says in done.stdout, done.stdout + done.stderr

    for version in ("", "1.2", "v1.2.3", "1.2.3-rc1", "01.2.3"):
        refused("three numbers: make release VERSION=1.0.0", version)
    (repository / "notes.txt").touch()
    refused("not committed")
    (repository / "notes.txt").unlink()
    git(repository, "switch", "--quiet", "--create", "repair")
    refused("git switch main")
    git(repository, "switch", "--quiet", "main")
    git(repository, "tag", "v1.2.3")
    refused("a tag v1.2.3 already", "1.2.3")
    (repository / "CHANGELOG.md").write_text("## Unreleased\n\n## 0.9.0 - 2026-01-01\n\n- Old.\n")
    git(repository, "commit", "--quiet", "--all", "--message", "Tell nothing")
    refused("tells of nothing under Unreleased")
    assert not (repository / ".local" / "tested").exists()
    assert tags(repository) == ["v1.2.3"]


def step(name: str) -> str:
    """The script of a step of the workflow."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    steps: list[dict[str, Any]] = workflow["jobs"]["release"]["steps"]
    (script,) = [str(one["run"]) for one in steps if one.get("name", "").startswith(name)]
    return script


def run_step(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    logged = {"GITHUB_REF_NAME": f"v{VERSION}", "PROJECT_URL": "https://git.example/elsom-payments"}
    return run(folder, "bash", "-eo", "pipefail", "-c", step(name), **logged)


@pytest.mark.needs("npm")
def test_a_tag_becomes_packages_and_notes(repository: Path) -> None:
    assert release(repository).returncode == 0
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    layer = repository / ".aws-sam" / "build" / "PaymentsLayer" / "python"
    layer.mkdir(parents=True)
    (layer / "one.py").write_text("1")
    for name in ("The tag is", "The clients'"):
        done = run_step(repository, name)
        assert done.returncode == 0, done.stderr
    dist = repository / "dist"
    assert sorted(path.name for path in dist.iterdir()) == [
        f"elsom-payments-client-{VERSION}.tgz",
        f"elsom-payments-php-{VERSION}.zip",
        f"elsom_payments_client-{VERSION}-py3-none-any.whl",
        "notes.md",
    ]
    with zipfile.ZipFile(dist / f"elsom-payments-php-{VERSION}.zip") as php:
        assert "elsom-payments-php/ElsomPayments.php" in php.namelist()
    notes = (dist / "notes.md").read_text()
    assert "- Something new." in notes
    assert "Old" not in notes
    assert re.search(
        r"^Layer, built with Python 3\.13\.\d+: sha256 [0-9a-f]{64}$", notes, re.MULTILINE
    )


def test_a_tag_that_is_not_on_main_or_not_told_of_becomes_nothing(repository: Path) -> None:
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert run_step(repository, "The tag is").returncode, "the code has another version"
    assert release(repository).returncode == 0
    assert run_step(repository, "The tag is").returncode, "the commit is not on main"


def test_the_node_client_goes_with_the_others() -> None:
    package = json.loads((ROOT / "clients" / "node" / "package.json").read_text())
    source = (ROOT / "layers" / "payments" / "payments" / "__init__.py").read_text()
    assert f'__version__ = "{package["version"]}"' in source
