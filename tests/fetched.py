"""What tests run beside Python, fetched where it is missing; `make test` does that before."""

import subprocess
from pathlib import Path

from tools.environments import LOCAL, ROOT

NODE_MODULES = LOCAL / "node" / "node_modules"


def fetched(target: str) -> Path:
    """The file that the Makefile makes under this name. Raises CalledProcessError."""
    subprocess.run(["make", "--silent", target], cwd=ROOT, check=True)
    return ROOT / target


def node_modules() -> Path:
    """The folder of the packages in requirements/node."""
    fetched(".local/node/.made")
    return NODE_MODULES
