"""Pins requirements/*.in to requirements/*.txt: `make requirements`."""

from __future__ import annotations

import subprocess
import sys

from tools.environments import ENVIRONMENTS, UV

OPTIONS = [
    "--quiet",
    "--upgrade",
    # One file for every machine: hashes of all architectures' wheels.
    "--universal",
    *("--python-version", "3.13"),
    "--generate-hashes",
    # No address and no path of the machine that pinned them.
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-annotate",
    *("--custom-compile-command", "make requirements"),
]


def main() -> int:
    """Pin every environment's requirements; the exit code of the first that failed."""
    for environment in ENVIRONMENTS.values():
        source = environment.source.with_suffix(".in").name
        command = [str(UV), "pip", "compile", *OPTIONS, source, "-o", environment.source.name]
        finished = subprocess.run(command, cwd=environment.source.parent, check=False)
        if finished.returncode:
            return finished.returncode
        print(f"  requirements/{environment.source.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
