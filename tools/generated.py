"""Files in docs/ that are made of the code: `make generated` writes them all again.

Tests, and a release, find those that are stale.
"""

from __future__ import annotations

from pathlib import Path

from tools import make_event_schemas, make_openapi, make_states
from tools.environments import ROOT


def files() -> dict[Path, str]:
    """What each of them has to hold."""
    return {**make_openapi.files(), **make_event_schemas.files(), **make_states.files()}


def stale() -> dict[str, str]:
    """Those that do not hold it, or are not there, by their place: what they have to hold."""
    return {
        str(path.relative_to(ROOT)): text
        for path, text in files().items()
        if not path.exists() or path.read_text() != text
    }


def write() -> None:
    """Write those that are stale, and say which they were."""
    for name, text in stale().items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(name)


if __name__ == "__main__":
    write()
