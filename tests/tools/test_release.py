"""`make release` tags what is committed, named, described and checked, and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tools import release as program
from tools.build_twice import NotBuilt
from tools.release import NAMED_IN, Checks, Refused, release

CHANGES = """# Changelog

## Unreleased

## 1.2.3 - 2026-11-24

### Added
- Something.

## 1.2.2 - 2026-11-01
"""
FINE = Checks(stale_files=list, test=lambda: True, layer_digest=lambda: "5a17")


def git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=repository, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(repository: Path, name: str, text: str) -> None:
    (repository / name).parent.mkdir(parents=True, exist_ok=True)
    (repository / name).write_text(text)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", f"Change {name}")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that is ready to be released as 1.2.3."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A Releaser")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "releaser@shop.example")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    for name in NAMED_IN:
        commit(tmp_path, name, '"""A package."""\n\n__version__ = "1.2.3"\n')
    commit(tmp_path, "CHANGELOG.md", CHANGES)
    return tmp_path


def tags(repository: Path) -> list[str]:
    return git(repository, "tag", "--list").splitlines()


def test_what_is_ready_gets_an_annotated_tag_that_names_the_layers_digest(repository: Path) -> None:
    release("1.2.3", repository, FINE)
    assert tags(repository) == ["v1.2.3"]
    assert git(repository, "cat-file", "-t", "v1.2.3") == "tag"
    assert git(repository, "rev-parse", "v1.2.3^{commit}") == git(repository, "rev-parse", "HEAD")
    assert "sha256 5a17" in git(repository, "tag", "--list", "--format=%(contents)", "v1.2.3")


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.3", "1.2.3-rc1", "01.2.3", "1.2.3\n"])
def test_a_version_is_three_numbers(repository: Path, version: str) -> None:
    with pytest.raises(Refused, match=r"make release VERSION=1\.0\.0"):
        release(version, repository, FINE)


def untracked(repository: Path) -> None:
    (repository / "notes.txt").touch()


def changed(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text(f"{CHANGES}\nMore.\n")


def other_branch(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--create", "repair")


def no_branch(repository: Path) -> None:
    git(repository, "switch", "--quiet", "--detach")


def tagged(repository: Path) -> None:
    git(repository, "tag", "v1.2.3")


def other_version(repository: Path) -> None:
    commit(repository, NAMED_IN[0], '__version__ = "1.2.4"\n')


def other_client(repository: Path) -> None:
    commit(repository, NAMED_IN[1], '__version__ = "1.2.2"\n')


def no_version(repository: Path) -> None:
    commit(repository, NAMED_IN[0], "")


def no_section(repository: Path) -> None:
    commit(repository, "CHANGELOG.md", CHANGES.replace("1.2.3", "1.2.4"))


def no_date(repository: Path) -> None:
    commit(repository, "CHANGELOG.md", CHANGES.replace(" - 2026-11-24", ""))


def no_such_date(repository: Path) -> None:
    commit(repository, "CHANGELOG.md", CHANGES.replace("2026-11-24", "2026-11-31"))


def no_changes(repository: Path) -> None:
    commit(repository, "CHANGELOG.md", CHANGES.replace("### Added\n- Something.\n", ""))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (untracked, "commit them, or take them away"),
        (changed, "commit them, or take them away"),
        (other_branch, "this is repair: git switch main"),
        (no_branch, "git switch main"),
        (tagged, r"a tag v1\.2\.3 already: choose the next version"),
        (other_version, rf"in {NAMED_IN[0]} is 1\.2\.4, not 1\.2\.3: set it"),
        (other_client, rf"in {NAMED_IN[1]} is 1\.2\.2, not 1\.2\.3: set it"),
        (no_version, "is missing, not"),
        (no_section, r"move what is under `## Unreleased` to `## 1\.2\.3 - "),
        (no_date, "no section for it with its date"),
        (no_such_date, "no section for it with its date"),
        (no_changes, "no section for it with its date and changes"),
    ],
)
def test_what_is_not_ready_is_refused_before_any_check_runs(
    repository: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(repository)
    before = tags(repository)
    with pytest.raises(Refused, match=said):
        release("1.2.3", repository, replace(FINE, test=lambda: pytest.fail("it was tested")))
    assert tags(repository) == before


def test_a_stale_file_is_refused_with_the_command_that_makes_it(repository: Path) -> None:
    stale = replace(FINE, stale_files=lambda: ["docs/states.md"])
    with pytest.raises(Refused, match=r"docs/states\.md.*`make generated`"):
        release("1.2.3", repository, stale)
    assert tags(repository) == []


def test_nothing_is_tagged_when_a_check_fails(repository: Path) -> None:
    with pytest.raises(Refused, match="A check failed"):
        release("1.2.3", repository, replace(FINE, test=lambda: False))
    assert tags(repository) == []


def test_nothing_is_tagged_when_the_layer_is_not_the_same_twice(repository: Path) -> None:
    def digest() -> str:
        raise NotBuilt("Two builds of the layer differ")

    with pytest.raises(NotBuilt):
        release("1.2.3", repository, replace(FINE, layer_digest=digest))
    assert tags(repository) == []


def test_a_commit_made_while_the_checks_run_is_not_tagged(repository: Path) -> None:
    def test() -> bool:
        commit(repository, "late.txt", "")
        return True

    with pytest.raises(Refused, match="new commit"):
        release("1.2.3", repository, replace(FINE, test=test))
    assert tags(repository) == []


def test_a_file_that_the_checks_leave_behind_is_refused(repository: Path) -> None:
    def test() -> bool:
        (repository / "left.txt").touch()
        return True

    with pytest.raises(Refused, match="not committed"):
        release("1.2.3", repository, replace(FINE, test=test))
    assert tags(repository) == []


def test_the_long_check_is_strict_and_whole_whatever_make_was_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: dict[str, str] = {}

    def run(command: list[str], *, env: dict[str, str], **_: object) -> object:
        given.update(env)
        return subprocess.CompletedProcess(command, 0 if command == ["make", "test"] else 1)

    monkeypatch.setenv("PARTS", "unit")
    monkeypatch.setenv("MAKEFLAGS", " -- PARTS=unit VERSION=1.2.3")
    monkeypatch.setattr(subprocess, "run", run)
    assert program.run_every_check()
    assert given["STRICT"] == "1"
    assert not {"PARTS", "MAKEFLAGS"} & set(given)
