"""The summary of `make test` counts everything, and STRICT=1 lets nothing be skipped."""

from pathlib import Path
from threading import Barrier

import pytest

from tools import run_tests
from tools.audit_packages import NOT_AUDITED
from tools.run_tests import Part, read_results, summarise

RESULTS = """<testsuites><testsuite>
<testcase name="a"/>
<testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error message="setup"/></testcase>
<testcase name="d"><skipped message="java is missing: apt-get install -y java"/></testcase>
</testsuite></testsuites>"""


def test_results_are_counted_with_the_reasons_of_what_was_skipped(tmp_path: Path) -> None:
    (tmp_path / "results.xml").write_text(RESULTS)
    part = Part("tests/x")
    read_results(tmp_path / "results.xml", part)
    assert (part.passed, part.failed) == (1, 2)
    assert part.skipped == ["java is missing: apt-get install -y java"]


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 1)])
def test_a_skipped_test_is_listed_and_fails_a_strict_run(
    strict: bool, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [Part("tests/x", passed=3, skipped=["java is missing: apt-get install java"] * 2)]
    assert summarise(parts, strict=strict) == code
    printed = capsys.readouterr().out
    assert "2 x java is missing: apt-get install java" in printed
    assert printed.splitlines()[-1] == "3 passed, 0 failed, 2 skipped"


def test_a_failure_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert summarise([Part("a", passed=1), Part("b", failed=1)], strict=False) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed, 0 skipped"


def test_every_folder_with_tests_is_run() -> None:
    tests = Path(run_tests.TESTS)
    folders = {path.relative_to(tests).parts[0] for path in tests.glob("*/**/test_*.py")}
    assert set(run_tests.test_folders()) == folders
    assert "tools" in folders


def test_a_folder_whose_run_breaks_off_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_tests, "RESULTS", tmp_path)
    assert run_tests.run_folder("no-such-folder").failed == 1


def test_what_could_not_be_done_is_said_and_not_counted_as_passed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = f"print('no database here'); raise SystemExit({NOT_AUDITED})"
    monkeypatch.setitem(run_tests.LINTERS, "pip-audit", ["python", "-c", program])
    part = run_tests.lint("pip-audit")
    assert (part.passed, part.failed) == (0, 0)
    assert summarise([part, Part("b", passed=1)], strict=True) == 0
    printed = capsys.readouterr().out
    assert "neither as passed nor as skipped: pip-audit\nno database here\n" in printed
    assert printed.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_parts_run_side_by_side_and_are_summed_up_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    both = Barrier(2, timeout=20)

    def meet(name: str) -> Part:
        both.wait()
        return Part(name, passed=1, output=f"all of {name}")

    monkeypatch.setattr(run_tests, "lint", meet)
    monkeypatch.setattr(run_tests, "LINTERS", {"one": [], "two": []})
    parts = run_tests.run_parts(["lint"])
    assert [part.name for part in parts] == ["one", "two"]
    printed = capsys.readouterr().out
    assert "all of one" in printed
    assert "all of two" in printed
