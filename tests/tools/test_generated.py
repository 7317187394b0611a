"""What docs/ says is what the code makes today, and one command writes it again."""

from pathlib import Path

import pytest

from tools import generated


def test_the_committed_files_are_fresh() -> None:
    assert generated.stale() == {}, "`make generated` writes them again"


def test_what_is_stale_or_missing_is_written_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale, missing, fresh = tmp_path / "stale", tmp_path / "new" / "missing", tmp_path / "fresh"
    stale.write_text("old")
    fresh.write_text("as it is")
    made = {stale: "new", missing: "new", fresh: "as it is"}
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    monkeypatch.setattr(generated, "files", lambda: made)
    generated.write()
    assert capsys.readouterr().out.split() == ["stale", "new/missing"]
    assert {path: path.read_text() for path in made} == made
    assert generated.stale() == {}
