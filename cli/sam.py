"""The SAM CLI of this checkout, run with a settings file of nothing."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cli.errors import CliError
from cli.template import checkout


def run_sam(log: Path, environment: Mapping[str, str], command: str, *words: str) -> None:
    """Run one command, with what it says in a log. Raises CliError with the last of it.

    What is kept for real stacks has no say, nor has an import path of ours.
    """
    programs = checkout() / ".local" / "sam" / "bin"
    kept = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    # The SAM CLI finds its builders' Python first on the PATH.
    path = os.pathsep.join((str(programs), kept.get("PATH", os.defpath)))
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "samconfig.toml"
        settings.write_text("version = 0.1\n")
        done = subprocess.run(
            [str(programs / "sam"), command, *words, "--config-file", str(settings)],
            cwd=checkout(),
            env={**kept, "PATH": path, "SAM_CLI_TELEMETRY": "0"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        said = [line.strip() for line in log.read_text(errors="replace").splitlines()]
        last = next(filter(None, reversed(said)), "it said nothing").removeprefix("Error: ")[:300]
        raise CliError(f"`sam {command}` failed: {last.rstrip('.')}. Its log is {log}.")


def deploy_words(template: Path, stack: str, region: str, values: Mapping[str, str]) -> list[str]:
    """The words of a deployment that asks nothing, with these parameters."""
    return [
        *("--template-file", str(template), "--stack-name", stack, "--region", region),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"),
        *("--no-fail-on-empty-changeset", "--parameter-overrides"),
        *(f"{name}={value}" for name, value in values.items()),
    ]
