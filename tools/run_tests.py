"""Every check and test, with one summary: `python -m tools.run_tests [PART ...]`.

A part is `lint` or a folder of tests/. What was skipped is listed at the end with the reason, which
names the command that installs what is missing. With STRICT=1 a skipped test fails the run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.environments import ENVIRONMENTS, LOCAL, ROOT

TESTS = ROOT / "tests"
RESULTS = LOCAL / "test-results"
# Quick ones first; a folder that is not named here runs after these.
ORDER = (
    "unit",
    "contract",
    "sandbox",
    "failure",
    "template",
    "artefact",
    "simulation",
    "e2e",
    "browser",
)

BIN = Path(sys.executable).parent
LINTERS = {
    "ruff check": ["ruff", "check", "--quiet", "--output-format", "concise", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "--output-format", "concise", "."],
    "mypy": ["mypy", "."],
    "import-linter": ["lint-imports", "--no-cache"],
    "cfn-lint": ["cfn-lint", "template.yaml"],
    # What is deployed, and what shops use. Tools and sandbox are held by the same rules in ruff.
    "bandit": [
        str(ENVIRONMENTS["audit"].folder / "bin" / "bandit"),
        *("--quiet", "--recursive", "functions", "layers/payments/payments", "clients"),
    ],
    "pip-audit": ["python", "-m", "tools.audit_packages"],
}


@dataclass
class Part:
    """What came out of one linter or one folder of tests."""

    name: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    skipped: list[str] = field(default_factory=list)


def lint(name: str, command: list[str]) -> Part:
    began = time.monotonic()
    program = BIN / command[0]
    finished = subprocess.run([str(program), *command[1:]], cwd=ROOT, check=False)
    ok = finished.returncode == 0
    return Part(name, passed=int(ok), failed=int(not ok), seconds=time.monotonic() - began)


def run_folder(folder: str) -> Part:
    """Run one folder with pytest, and read back what it found."""
    began = time.monotonic()
    results = RESULTS / f"{folder}.xml"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--junit-xml={results}", f"tests/{folder}"]
    finished = subprocess.run(command, cwd=ROOT, check=False)
    part = Part(f"tests/{folder}")
    if results.exists():
        read_results(results, part)
    if finished.returncode and not part.failed:
        # It broke off, or found no test at all: never a success.
        part.failed = 1
    part.seconds = time.monotonic() - began
    return part


def read_results(results: Path, part: Part) -> None:
    for case in ET.parse(results).getroot().iter("testcase"):  # noqa: S314 - written by our own pytest
        kinds = {child.tag: child for child in case}
        if "failure" in kinds or "error" in kinds:
            part.failed += 1
        elif "skipped" in kinds:
            part.skipped.append(kinds["skipped"].get("message") or "no reason given")
        else:
            part.passed += 1


def test_folders() -> list[str]:
    """Every folder with tests in it, the known ones in their order."""
    found = {path.relative_to(TESTS).parts[0] for path in TESTS.glob("*/**/test_*.py")}
    return [*(name for name in ORDER if name in found), *sorted(found - set(ORDER))]


def run_parts(wanted: list[str]) -> list[Part]:
    folders = test_folders()
    unknown = [name for name in wanted if name not in {"lint", *folders}]
    if unknown:
        sys.exit(
            f"Error: there is no part {', '.join(unknown)}; there are lint, {', '.join(folders)}."
        )
    parts = []
    if not wanted or "lint" in wanted:
        for name, command in LINTERS.items():
            say(f"== {name}")
            parts.append(lint(name, command))
    for folder in folders:
        if not wanted or folder in wanted:
            say(f"== tests/{folder}")
            parts.append(run_folder(folder))
    return parts


def summarise(parts: list[Part], strict: bool) -> int:
    """Print what came out; the exit code."""
    console = Console(highlight=False)
    table = Table(title="Summary", title_justify="left")
    table.add_column("Part")
    for column in ("Passed", "Failed", "Skipped", "Seconds"):
        table.add_column(column, justify="right")
    for part in parts:
        numbers = (part.passed, part.failed, len(part.skipped))
        style = "red" if part.failed else None
        table.add_row(part.name, *map(str, numbers), f"{part.seconds:.1f}", style=style)
    console.print(table)
    reasons = Counter(reason for part in parts for reason in part.skipped)
    if reasons:
        say("Not run:")
        for reason, count in reasons.most_common():
            say(f"  {count} x {reason}")
        if strict:
            say("STRICT=1: nothing may be skipped, so this run failed.")
    passed = sum(part.passed for part in parts)
    failed = sum(part.failed for part in parts)
    # The last line is plain, for programs that read it.
    say(f"{passed} passed, {failed} failed, {reasons.total()} skipped")
    return 1 if failed or (strict and reasons) else 0


def say(text: str) -> None:
    print(text, flush=True)


def main(wanted: list[str]) -> int:
    return summarise(run_parts(wanted), strict=os.environ.get("STRICT") == "1")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
