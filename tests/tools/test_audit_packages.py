"""Known weaknesses fail the audit, and one that could not be made is never called a success."""

from __future__ import annotations

from typing import Any

import pytest

from tools import audit_packages
from tools.audit_packages import NOT_AUDITED, main, weaknesses

FINE = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
UNKNOWN = {"name": "c", "version": "1", "skip_reason": "not found"}


def answer(monkeypatch: pytest.MonkeyPatch, packages: list[dict[str, Any]] | None) -> None:
    monkeypatch.setattr(audit_packages, "audit", lambda _file: packages)


def test_a_weakness_is_told_with_the_version_that_repairs_it() -> None:
    assert weaknesses([FINE, WEAK]) == ["b 1: CVE-1, repaired in 2"]


def test_a_known_weakness_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(monkeypatch, [FINE, WEAK])
    assert main() == 1


def test_nothing_known_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_REQUIRED", "1")
    answer(monkeypatch, [FINE])
    assert main() == 0


@pytest.mark.parametrize("packages", [None, [UNKNOWN], [FINE, UNKNOWN]])
def test_what_could_not_be_looked_up_is_said_and_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    packages: list[dict[str, Any]] | None,
) -> None:
    answer(monkeypatch, packages)
    monkeypatch.delenv("AUDIT_REQUIRED", raising=False)
    assert main() == NOT_AUDITED
    assert "NOT AUDITED" in capsys.readouterr().out
    monkeypatch.setenv("AUDIT_REQUIRED", "1")
    assert main() == 1
