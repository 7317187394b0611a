"""Every command that a Markdown file shows is run by a test or by CI, or needs a real account."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.unit.test_docs_hold import FENCE, PAGES, ROOT, name

# The command as it is shown -> the file that runs it, and how that file names it.
RUN_BY = {
    "make run": ("tests/e2e/test_make_run.py", "make run"),
    "make test": (".ci/run", "make test"),
    "make second STACK=second-shop": ("tests/e2e/second_stack.sh", "make second STACK=second-shop"),
    "./elsom --local --stack second-shop setup": (
        "tests/e2e/second_stack.sh",
        "./elsom --local --stack second-shop setup",
    ),
    "./elsom --local --stack second-shop doctor": (
        "tests/e2e/second_stack.sh",
        "./elsom --local --stack second-shop doctor",
    ),
    "./elsom kept-template > attach.json": ("tests/tools/test_attach.py", '"kept-template"'),
    "make release VERSION=1.0.0": ("tests/tools/test_release.py", "release("),
}
# Run word for word where they stand: the runbook's by the operator's tests, the calls by others.
RUNBOOK = "docs/runbook.md"
WORD_FOR_WORD = {"curl --aws-sigv4": "tests/e2e/test_the_readme_works.py"}
# Make targets that are named in running text.
WEEKLY = (
    "lint",
    "format",
    "build",
    "simulate",
    "bench",
    "screenshots",
    "requirements",
    "generated",
)
TARGETS = {
    **dict.fromkeys(("run", "stop", "status", "logs", "help"), "tests/e2e/test_make_run.py"),
    **dict.fromkeys(WEEKLY, ".github/workflows/weekly.yml"),
    "test": ".ci/run",
    "second": "tests/e2e/second_stack.sh",
    "release": "tests/tools/test_release.py",
    "generated": "tests/tools/test_generated.py",
}
NEEDS_ACCOUNT = {"deploy", "rehearse"}


@cache
def all_tests() -> str:
    return "\n".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))


def shell_commands(page: Path) -> list[tuple[str, bool]]:
    """Each command of the page's shell blocks, and whether it is marked as needing an account."""
    found = []
    for mark, block in re.findall(r"^ *```sh *(\w*)\n(.*?)^ *```", page.read_text(), re.M | re.S):
        for line in block.replace("\\\n", "").splitlines():
            command = re.sub(r"\s+#.*", "", line).strip()
            if command:
                found.append((command, mark == "account"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_shell_block_is_run_or_marked(page: Path) -> None:
    if name(page) == RUNBOOK:
        operators = "\n".join(path.read_text() for path in ROOT.glob("tests/e2e/test_*.py"))
        assert "def test_every_block_of_the_runbook_is_run_here" in operators
        return
    for command, needs_account in shell_commands(page):
        if needs_account or any(command.startswith(one) for one in WORD_FOR_WORD):
            continue
        assert command in RUN_BY, f"{name(page)}: nobody runs `{command}`"


@pytest.mark.parametrize("command", RUN_BY)
def test_who_is_said_to_run_a_command_names_it(command: str) -> None:
    file, words = RUN_BY[command]
    assert words in (ROOT / file).read_text()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_in_the_text_is_run_or_needs_an_account(page: Path) -> None:
    for target in re.findall(r"`make ([a-z]+)", FENCE.sub("", page.read_text())):
        assert target in TARGETS.keys() | NEEDS_ACCOUNT, f"{name(page)}: make {target}"


@pytest.mark.parametrize("target", TARGETS)
def test_who_is_said_to_run_a_target_does(target: str) -> None:
    assert re.search(rf"\b{target}\b", (ROOT / TARGETS[target]).read_text())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_python_module_in_the_text_is_used_by_a_test(page: Path) -> None:
    tests = all_tests()
    for module in re.findall(r"`[^`]*python3? -m tools\.(\w+)", page.read_text()):
        assert re.search(rf"\btools(\.| import .*\b){module}\b", tests), module
