"""Every check and test, with one summary: `python -m tools.run_tests [PART ...]`.

A part is `lint` or a folder of tests/; two run side by side (TEST_LANES=1: one after the other),
each shown when it is done. What was skipped is listed at the end with the reason, which names the
command that installs what is missing. With STRICT=1 a skipped test fails the run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tools.audit_packages import NOT_AUDITED
from tools.environments import ENVIRONMENTS, LOCAL, ROOT

TESTS = ROOT / "tests"
RESULTS = LOCAL / "test-results"
# The long ones first, so that the short ones fill up the other lane; a folder that is not named
# here runs after these.
ORDER = ("e2e", "failure", "browser", "contract", "simulation", "exploration", "template")
LANES = 2

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
    output: str = ""
    was_done: bool = True


def run(command: Sequence[str]) -> tuple[int, str]:
    """The exit code, and what it wrote."""
    # A file, not a pipe: a server that outlives its test must not keep anybody waiting.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as written:
        done = subprocess.run(
            command, cwd=ROOT, check=False, stdout=written, stderr=subprocess.STDOUT
        )
        written.seek(0)
        return done.returncode, written.read()


def lint(name: str) -> Part:
    program, *arguments = LINTERS[name]
    code, output = run([str(BIN / program), *arguments])
    if code == NOT_AUDITED:
        return Part(name, was_done=False, output=output)
    return Part(name, passed=int(code == 0), failed=int(code != 0), output=output)


def run_folder(folder: str) -> Part:
    """Run one folder with pytest, and read back what it found."""
    results = RESULTS / f"{folder}.xml"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    part = Part(f"tests/{folder}")
    code, part.output = run(
        [sys.executable, "-m", "pytest", "-q", f"--junit-xml={results}", f"tests/{folder}"]
    )
    if results.exists():
        read_results(results, part)
    if code and not part.failed:
        # It broke off, or found no test at all: never a success.
        part.failed = 1
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
    linters = LINTERS if not wanted or "lint" in wanted else ()
    jobs = [
        *(partial(timed, lint, name) for name in linters),
        *(partial(timed, run_folder, name) for name in folders if not wanted or name in wanted),
    ]
    with ThreadPoolExecutor(int(os.environ.get("TEST_LANES") or LANES)) as lanes:
        return list(lanes.map(lambda job: job(), jobs))


def timed(run_part: Callable[[str], Part], name: str) -> Part:
    """Run it, and show it as a whole when it is done."""
    began = time.monotonic()
    say(f"   {name} ...")
    part = run_part(name)
    part.seconds = time.monotonic() - began
    say(f"== {part.name}, {part.seconds:.0f} s\n{part.output.rstrip()}".rstrip())
    return part


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
    for part in parts:
        if not part.was_done:
            say(f"Not done, and counted neither as passed nor as skipped: {part.name}")
            say(part.output.strip())
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
