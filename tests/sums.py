"""The sums at the end of a run with --sums, by folder; with STRICT=1 a skipped test fails it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pytest

# What pytest's own reporter calls the results; a test whose fixture fails is an error there.
RESULTS = {"passed": ("passed",), "failed": ("failed", "error"), "skipped": ("skipped",)}


class Report(Protocol):
    """A report of pytest's, of a phase of a test or of a file that could not be collected."""

    nodeid: str
    longrepr: Any


Stats = Mapping[str, Sequence[Report]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sums", action="store_true", help="print the sums by folder at the end")


@pytest.hookimpl(wrapper=True, tryfirst=True)  # around the reporter, which prints its last line
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    yield
    config = session.config
    if hasattr(config, "workerinput"):
        return
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    strict = os.environ.get("STRICT") == "1"
    if strict and reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    if config.getoption("--sums"):
        for line in lines(reporter.stats, strict=strict):
            reporter.write_line(line)


def lines(stats: Stats, *, strict: bool) -> Iterator[str]:
    """The table, what was not run and why, and one plain line for programs that read it."""
    counts = {result: by_folder(stats, kinds) for result, kinds in RESULTS.items()}
    yield f"{'':<20}{''.join(f'{result:>9}' for result in counts)}{'seconds':>9}"
    for folder, seconds in sorted(seconds_by_folder(stats).items()):
        numbers = "".join(f"{count[folder]:>9}" for count in counts.values())
        yield f"{folder:<20}{numbers}{seconds:>9.0f}"
    reasons = Counter(reason(report) for report in stats.get("skipped", ()))
    if reasons:
        yield "Not run:"
        yield from (f"  {count} x {why}" for why, count in reasons.most_common())
        if strict:
            yield "STRICT=1: nothing may be skipped, so this run failed."
    yield ", ".join(f"{count.total()} {result}" for result, count in counts.items())


def by_folder(stats: Stats, kinds: Sequence[str]) -> Counter[str]:
    return Counter(folder(report) for kind in kinds for report in stats.get(kind, ()))


def seconds_by_folder(stats: Stats) -> dict[str, float]:
    """Of all workers together, fixtures included."""
    found: dict[str, float] = {}
    for reports in stats.values():
        for report in reports:
            if hasattr(report, "nodeid"):
                took = float(getattr(report, "duration", 0))
                found[folder(report)] = found.get(folder(report), 0) + took
    return found


def folder(report: Report) -> str:
    return "/".join(report.nodeid.partition("::")[0].split("/")[:2])


def reason(report: Report) -> str:
    """Why it was skipped, with the command that installs what is missing."""
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    return str(said).removeprefix("Skipped: ")
