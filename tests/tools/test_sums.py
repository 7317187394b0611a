"""`make test` counts everything at the end, and with STRICT=1 a skipped test fails it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.environments import ROOT

TESTS = """
import pytest

def test_passes(): pass

@pytest.mark.skip(reason="java is missing: apt-get install -y java")
def test_is_skipped(): pass
"""
FAILS = """
import pytest

@pytest.fixture
def broken(): raise OSError

def test_fails(): assert False

def test_has_no_fixture(broken): pass
"""


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    """Tests of one folder, of which two pass or are skipped."""
    (tmp_path / "tests" / "one").mkdir(parents=True)
    (tmp_path / "tests" / "one" / "test_a.py").write_text(TESTS)
    return tmp_path


def run(folder: Path, *options: str, strict: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "STRICT": "1" if strict else "0",
    }
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.sums"),
            *("-p", "xdist"),
            *("--rootdir", str(folder), "--sums", *options, "tests"),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_a_skipped_test_is_listed_with_what_installs_it_and_fails_a_strict_run(
    tests: Path, options: tuple[str, ...]
) -> None:
    done = run(tests, *options)
    assert done.returncode == 0, done.stdout
    assert "  1 x java is missing: apt-get install -y java" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 passed, 0 failed, 1 skipped"
    strict = run(tests, *options, strict=True)
    assert strict.returncode == 1
    assert "STRICT=1: nothing may be skipped" in strict.stdout


def test_failures_and_errors_are_counted_by_folder(tests: Path) -> None:
    (tests / "tests" / "two").mkdir()
    (tests / "tests" / "two" / "test_b.py").write_text(FAILS)
    done = run(tests, "-n", "2")
    assert done.returncode == 1
    rows = {line.split()[0]: line.split()[1:4] for line in done.stdout.splitlines() if line.split()}
    assert rows["tests/one"] == ["1", "0", "1"]
    assert rows["tests/two"] == ["0", "2", "0"]
    assert done.stdout.splitlines()[-1] == "1 passed, 2 failed, 1 skipped"


def test_a_file_that_cannot_be_read_is_a_failure(tests: Path) -> None:
    (tests / "tests" / "one" / "test_broken.py").write_text("import no_such_module")
    done = run(tests, "-n", "2")
    assert done.returncode
    assert done.stdout.splitlines()[-1].split(", ")[1] != "0 failed"
