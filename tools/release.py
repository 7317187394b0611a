"""Set the tag of a release after every check: `make release VERSION=1.0.0`. Pushes nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tools.build_twice import NotBuilt, layer_digest
from tools.environments import ROOT
from tools.generated import stale

BRANCH = "main"
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
# The client goes with the bundle, and cannot read its version once it is installed elsewhere.
NAMED_IN = (
    "layers/payments/payments/__init__.py",
    "clients/python/elsom_payments_client/__init__.py",
)
# What make hands down to a make inside it, such as PARTS, would leave checks out.
OF_THE_OUTER_MAKE = frozenset({"MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MAKELEVEL", "PARTS"})


class Refused(Exception):
    """This cannot be released; the text says what is wrong and what to do."""


@dataclass(frozen=True)
class Checks:
    """What takes long, or looks at more than git: replaced in tests."""

    stale_files: Callable[[], Iterable[str]]
    test: Callable[[], bool]
    layer_digest: Callable[[], str]


def main(arguments: list[str]) -> int:
    version = arguments[0] if arguments else ""
    try:
        release(version, ROOT, Checks(stale, run_every_check, layer_digest))
    except (Refused, NotBuilt) as refusal:
        print(f"Error: {refusal}")
        return 1
    print(
        f"Released v{version} on this machine. To publish it: git push origin {BRANCH} v{version}"
    )
    return 0


def release(version: str, root: Path, checks: Checks) -> None:
    """Set the annotated tag. Raises Refused, NotBuilt."""
    require_ready(version, root, checks)
    commit = git(root, "rev-parse", "HEAD")
    if not checks.test():
        raise Refused("A check failed: see the lines above, repair it, and release again.")
    layer = checks.layer_digest()
    # The checks take minutes: somebody may have worked on meanwhile.
    require_ready(version, root, checks)
    if git(root, "rev-parse", "HEAD") != commit:
        raise Refused("There is a new commit since the checks began: release again.")
    said = (
        f"Elsom Payments {version}\n\n"
        f"Layer, built with Python {platform.python_version()}: sha256 {layer}"
    )
    git(root, "tag", "--annotate", f"v{version}", commit, "--message", said)


def require_ready(version: str, root: Path, checks: Checks) -> None:
    """Refuse what takes no time to see. Raises Refused."""
    if not VERSION.fullmatch(version):
        raise Refused("Name the version as three numbers: make release VERSION=1.0.0")
    require_clean_branch(root)
    if git(root, "tag", "--list", f"v{version}"):
        raise Refused(f"There is a tag v{version} already: choose the next version.")
    require_version_in_code(version, root)
    require_section(version, root / "CHANGELOG.md")
    not_fresh = ", ".join(checks.stale_files())
    if not_fresh:
        raise Refused(f"Not fresh: {not_fresh}. `make generated`, and commit them.")


def require_clean_branch(root: Path) -> None:
    """Refuse what is not the commit that others get. Raises Refused."""
    branch = git(root, "rev-parse", "--abbrev-ref", "HEAD")
    if branch != BRANCH:
        raise Refused(f"A release is made on {BRANCH}, this is {branch}: git switch {BRANCH}")
    if git(root, "status", "--porcelain"):
        raise Refused("There are changes that are not committed: commit them, or take them away.")


def require_version_in_code(version: str, root: Path) -> None:
    """Refuse a version that the code does not name. Raises Refused."""
    for name in NAMED_IN:
        found = re.search(r'^__version__ = "(.*)"$', (root / name).read_text(), re.MULTILINE)
        if found is None or found[1] != version:
            there = found[1] if found else "missing"
            raise Refused(
                f"`__version__` in {name} is {there}, not {version}: set it, `make"
                " generated`, and commit."
            )


def require_section(version: str, change_log: Path) -> None:
    """Refuse a version that the change log does not tell of, with its date. Raises Refused."""
    heading = rf"^## {re.escape(version)} - (\d{{4}}-\d\d-\d\d)\n(.*?)(?=^## |\Z)"
    section = re.search(heading, change_log.read_text(), re.MULTILINE | re.DOTALL)
    if section is None or not section[2].strip() or not is_date(section[1]):
        today = date.today().isoformat()  # noqa: DTZ011 - the releaser's own day
        raise Refused(
            f"{change_log.name} has no section for it with its date and changes: move what is under"
            f" `## Unreleased` to `## {version} - {today}`, and commit."
        )


def is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def run_every_check() -> bool:
    """`make test` with nothing skipped; whether all passed."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_THE_OUTER_MAKE}
    command = ["make", "test"]
    return (
        subprocess.run(command, cwd=ROOT, env={**kept, "STRICT": "1"}, check=False).returncode == 0
    )


def git(root: Path, *arguments: str) -> str:
    """What git prints. Raises Refused with its own words."""
    finished = subprocess.run(
        ["git", *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise Refused(f"git {arguments[0]} failed: {finished.stderr.strip()}")
    return finished.stdout.strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
