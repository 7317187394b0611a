"""Whether the layer builds to the same bytes every time: `python -m tools.build_twice`.

Prints the digest of the layer, which is what this command prints inside its folder:

    find . -type f | sed 's|^./||' | LC_ALL=C sort | xargs sha256sum | sha256sum
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.environments import ENVIRONMENTS, ROOT, with_programs

PROGRAM = ROOT / "layers" / "payments" / "build.py"


class NotBuilt(Exception):
    """There is no layer, or not one to rely on; the text says what is wrong and what to do."""


def main() -> int:
    try:
        print(layer_digest())
    except NotBuilt as error:
        print(f"Error: {error}")
        return 1
    return 0


def layer_digest() -> str:
    """Build the layer twice from nothing, in folders that share no name. Raises NotBuilt."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first = sums(build(Path(one) / "layer", umask=0o022))
        second = sums(build(Path(other) / "a longer" / "place", umask=0o077))
    unlike = differences(first, second)
    if unlike:
        raise NotBuilt(
            f"Two builds of the layer differ in {len(unlike)} files, so what is tested is not what"
            f" others will build. Find out why in layers/payments/build.py: {', '.join(unlike[:5])}"
        )
    return digest(first)


def build(folder: Path, umask: int) -> Path:
    """Build the layer in `folder`, with nothing of an earlier build. Raises NotBuilt."""
    folder.mkdir(parents=True)
    cache = {"LAYER_CACHE": str(folder / "cache")}
    run = ENVIRONMENTS["run"].python
    command = [str(run if run.exists() else sys.executable), "-I", str(PROGRAM), str(folder)]
    finished = subprocess.run(
        command,
        env={**with_programs(os.environ), **cache},
        umask=umask,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise NotBuilt(f"The layer could not be built: {finished.stderr.strip()}")
    return folder / "python"


def sums(tree: Path) -> dict[str, str]:
    """The SHA-256 of every file under `tree`, by its place there."""
    return {
        path.relative_to(tree).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    }


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The files that are not the same in both, or in one alone."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def digest(files: Mapping[str, str]) -> str:
    """One SHA-256 for all of them."""
    lines = (f"{files[name]}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
