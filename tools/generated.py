"""Files in docs/ that programs make of the code: to write them, and to tell which are stale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tools.environments import ROOT


def write(files: Mapping[Path, str]) -> None:
    """Write each file as it has to be, and say which they are."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path.relative_to(ROOT))


def stale(files: Mapping[Path, str]) -> list[Path]:
    """Those that do not hold what they have to."""
    return [path for path, text in files.items() if not path.exists() or path.read_text() != text]
