"""Style, types, import directions and the template: what the linters say, in their own words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LINTERS = {
    "mypy": ["mypy", "."],
    "ruff check": ["ruff", "check", "--quiet", "--output-format", "concise", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "--output-format", "concise", "."],
    "import-linter": ["lint-imports", "--no-cache"],
    "cfn-lint": ["cfn-lint", "template.yaml"],
}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", LINTERS)
def test_there_is_nothing_to_say(name: str) -> None:
    program, *arguments = LINTERS[name]
    done = subprocess.run(
        [BIN / program, *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
