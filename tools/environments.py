"""Where the environments lie that `make` fills from requirements/*.txt, each for what it runs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCAL = ROOT / ".local"
UV = LOCAL / "uv" / "bin" / "uv"


@dataclass(frozen=True)
class Environment:
    """One virtual environment: `requirements` names the file in requirements/ that it follows."""

    requirements: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def wanted(self) -> str:
        """Changes with the pins: what runs with others is started again."""
        source = ROOT / "requirements" / f"{self.requirements}.txt"
        return hashlib.sha256(source.read_bytes()).hexdigest()


ENVIRONMENTS = {
    "run": Environment("run", LOCAL / "sam"),
    "local-aws": Environment("local-aws", LOCAL / "aws"),
    "elsom": Environment("elsom", LOCAL / "elsom"),
    "nodejs": Environment("nodejs", LOCAL / "nodejs"),
    "dev": Environment("dev", ROOT / ".venv"),
}


def with_programs(environment: Mapping[str, str]) -> dict[str, str]:
    """The given variables, with what `sam build` needs: its Python found first."""
    programs = ENVIRONMENTS["run"].folder / "bin"
    path = os.pathsep.join((str(programs), environment.get("PATH", os.defpath)))
    return {**environment, "PATH": path}
