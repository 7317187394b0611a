"""Virtual environments from requirements/*.txt: `python -m tools.environments run local-aws`.

Needs nothing but Python 3.13. The first one made holds uv, installed by pip with hashes; uv then
fills the others, and pip does where uv cannot reach an index. An environment whose requirements
have not changed is left alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
LOG = LOCAL / "logs" / "environments.log"


@dataclass(frozen=True)
class Environment:
    """One virtual environment: `requirements` names the file in requirements/ that it follows."""

    requirements: str
    folder: Path

    @property
    def source(self) -> Path:
        return ROOT / "requirements" / f"{self.requirements}.txt"

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.folder / ".requirements"

    def wanted(self) -> str:
        """What the stamp holds once all is installed: it changes with pins, Python and place."""
        parts = (self.source.read_bytes(), sys.version.encode(), bytes(self.folder))
        return hashlib.sha256(b"\0".join(parts)).hexdigest()

    def is_ready(self) -> bool:
        return (
            self.python.exists() and self.stamp.exists() and self.stamp.read_text() == self.wanted()
        )


BOOTSTRAP = Environment("bootstrap", LOCAL / "uv")
ENVIRONMENTS = {
    environment.requirements: environment
    for environment in (
        BOOTSTRAP,
        Environment("run", LOCAL / "sam"),
        Environment("local-aws", LOCAL / "aws"),
        Environment("elsom", LOCAL / "elsom"),
        Environment("audit", LOCAL / "audit"),
        # Made where the machine's own Node is too old for the Node client.
        Environment("node", LOCAL / "node"),
        Environment("dev", ROOT / ".venv"),
    )
}
UV = BOOTSTRAP.folder / "bin" / "uv"
# There when uv found no index although pip did: other builds then use pip at once.
NO_INDEX = BOOTSTRAP.folder / "no-index"


def with_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """The given variables, with what `sam build` needs: the Python found first, and uv."""
    programs = ENVIRONMENTS["run"].folder / "bin"
    path = os.pathsep.join((str(programs), environment.get("PATH", os.defpath)))
    uv = {"UV": str(UV)} if UV.exists() and not NO_INDEX.exists() else {}
    return {**uv, **environment, "PATH": path}


class InstallError(Exception):
    """An environment could not be made; the text is one sentence for the person at the keyboard."""


def make(names: list[str]) -> None:
    """Make what is missing or out of date among `names`, side by side. Raises InstallError."""
    missing = [ENVIRONMENTS[name] for name in names if not ENVIRONMENTS[name].is_ready()]
    if not missing:
        return
    LOG.parent.mkdir(parents=True, exist_ok=True)
    if not BOOTSTRAP.is_ready():
        timed(BOOTSTRAP, install_with_pip)
    with ThreadPoolExecutor(max_workers=len(missing)) as pool:
        list(pool.map(lambda environment: timed(environment, install), missing))


def timed(environment: Environment, how: Callable[[Environment], None]) -> None:
    started = time.monotonic()
    shown = environment.folder.relative_to(ROOT)
    say(f"  Installing {shown} (requirements/{environment.source.name}) ...")
    environment.stamp.unlink(missing_ok=True)
    how(environment)
    environment.stamp.write_text(environment.wanted())
    say(f"  Installed {shown} in {time.monotonic() - started:.0f} s")


def install(environment: Environment) -> None:
    """Bring the environment to exactly its pins: with uv, or with pip where uv finds no index."""
    offline_ok = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_CONFIG": "1",
        # As pip does: a company's own certificate authority is known to the machine, not to uv.
        "UV_SYSTEM_CERTS": "1",
    }
    made = run(
        [
            str(UV),
            "venv",
            "--quiet",
            "--clear",
            "--python",
            sys.executable,
            str(environment.folder),
        ],
        offline_ok,
    )
    synced = made and run(
        [
            *(str(UV), "pip", "sync", "--quiet", "--require-hashes"),
            *("--python", str(environment.python), str(environment.source)),
        ],
        offline_ok,
    )
    if synced:
        NO_INDEX.unlink(missing_ok=True)
    else:
        NO_INDEX.touch()
        say(f"  uv could not fill {environment.folder.relative_to(ROOT)}, trying pip (slower) ...")
        install_with_pip(environment)


def install_with_pip(environment: Environment) -> None:
    """A new environment filled by pip alone. Raises InstallError."""
    shutil.rmtree(environment.folder, ignore_errors=True)
    venv.create(environment.folder, with_pip=True, symlinks=True)
    command = [
        *(
            str(environment.python),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
        ),
        *("--require-hashes", "--requirement", str(environment.source)),
    ]
    if not run(command, dict(os.environ)):
        raise InstallError(
            f"requirements/{environment.source.name} could not be installed: is an index reachable?"
            f" What pip said is in {LOG.relative_to(ROOT)}."
        )


def run(command: list[str], environment: dict[str, str]) -> bool:
    """Whether the command succeeded; what it prints goes to the log."""
    with LOG.open("a") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        return (
            subprocess.run(command, env=environment, stdout=log, stderr=log, check=False).returncode
            == 0
        )


def say(text: str) -> None:
    print(text, flush=True)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in ENVIRONMENTS]
    if unknown or not names:
        say(f"Name environments to make: {', '.join(ENVIRONMENTS)}.")
        return 2
    try:
        make(names)
    except InstallError as error:
        say(f"Error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
