"""pip-audit on every pinned package: `python -m tools.audit_packages`.

It asks the package index for known weaknesses. Where the index does not tell them (a mirror, no
network) nothing can be audited: that is said, and it exits with 3; with AUDIT_REQUIRED=1 with 1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tools.environments import ENVIRONMENTS, ROOT

# What is shipped, and what works on it; the audit's own tools are not.
FILES: Final = (
    ROOT / "layers" / "payments" / "requirements.txt",
    *(ENVIRONMENTS[name].source for name in ("run", "local-aws", "elsom", "dev")),
)
# Known weaknesses that do not touch us: id -> why.
EXPLAINED: Final[Mapping[str, str]] = {}
NOT_AUDITED: Final = 3


def audit(file: Path) -> list[dict[str, Any]] | None:
    """What is known of each package that a file pins; None where pip-audit itself fails."""
    program = ENVIRONMENTS["audit"].folder / "bin" / "pip-audit"
    done = subprocess.run(
        [
            *(str(program), "--requirement", str(file), "--disable-pip", "--require-hashes"),
            *("--format", "json", "--progress-spinner", "off", "--timeout", "10"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return None
    return found


def weaknesses(packages: list[dict[str, Any]]) -> list[str]:
    """One line for each known weakness that is not explained."""
    return [
        f"{package['name']} {package['version']}: {weakness['id']},"
        f" repaired in {', '.join(weakness['fix_versions']) or 'no version yet'}"
        for package in packages
        for weakness in package.get("vulns", [])
        if weakness["id"] not in EXPLAINED
    ]


def main() -> int:
    """1 for a known weakness; where packages could not be looked up 3, or 1 if they must be."""
    required = os.environ.get("AUDIT_REQUIRED") == "1"
    bad = unaudited = False
    for file in FILES:
        shown = file.relative_to(ROOT)
        packages = audit(file)
        found = weaknesses(packages or [])
        unknown = [one["name"] for one in packages or [] if "skip_reason" in one]
        for line in found:
            say(f"{shown}: {line}")
        if packages is None or unknown:
            which = "nothing" if packages is None else f"{len(packages) - len(unknown)} of"
            total = "" if packages is None else f" {len(packages)} packages"
            say(
                f"{shown}: NOT AUDITED: the database of known weaknesses cannot be reached from"
                f" here ({which}{total} looked up)"
            )
            unaudited = True
            if packages is None or len(unknown) == len(packages):
                # The next file's database would be the same one.
                break
        bad = bad or bool(found)
    if bad or (unaudited and required):
        return 1
    return NOT_AUDITED if unaudited else 0


def say(text: str) -> None:
    """One line for the person at the keyboard."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
