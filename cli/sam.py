"""The SAM CLI of this checkout, run with a settings file of nothing."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cli.errors import CliError
from cli.target import Target
from cli.template import checkout


def run_sam(target: Target, log: Path, command: str, *words: str) -> None:
    """Run one command, with what it says in a log. Raises CliError with the last of it.

    What is kept for real stacks has no say.
    """
    programs = checkout() / ".local" / "sam" / "bin"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "samconfig.toml"
        settings.write_text("version = 0.1\n")
        done = subprocess.run(
            [str(programs / "sam"), command, *words, "--config-file", str(settings)],
            cwd=checkout(),
            env=environment_of(target),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        said = [line.strip() for line in log.read_text(errors="replace").splitlines()]
        last = next(filter(None, reversed(said)), "it said nothing").removeprefix("Error: ")[:300]
        raise CliError(f"`sam {command}` failed: {last.rstrip('.')}. Its log is {log}.")


def environment_of(target: Target) -> dict[str, str]:
    """What the SAM CLI gets: this command's credentials, or the local AWS and nothing else.

    It finds its builders' Python first on the PATH, and nothing of ours to import.
    """
    place = checkout() / ".local"
    path = os.pathsep.join((str(place / "sam" / "bin"), os.environ.get("PATH", os.defpath)))
    ours = {"PATH": path, "SAM_CLI_TELEMETRY": "0", "__SAM_CLI_APP_DIR": str(place / "sam-app")}
    keys, profile = target.session.get_credentials(), target.session.profile_name
    if target.is_local and keys is not None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "SAM_", "PYTHONPATH"))
        }
        return (
            kept
            | ours
            | {
                "AWS_ENDPOINT_URL": str(target.endpoint),
                "AWS_ACCESS_KEY_ID": str(keys.access_key),
                "AWS_SECRET_ACCESS_KEY": str(keys.secret_key),
                "AWS_DEFAULT_REGION": str(target.session.region_name),
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "AWS_EC2_METADATA_DISABLED": "true",
                "SAM_CLI_POLL_DELAY": "0.5",
            }
        )
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | ours | ({"AWS_PROFILE": profile} if profile != "default" else {})


def deploy_words(template: Path, stack: str, region: str, values: Mapping[str, str]) -> list[str]:
    """The words of a deployment that asks nothing, with these parameters."""
    return [
        *("--template-file", str(template), "--stack-name", stack, "--region", region),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar"),
        *("--no-fail-on-empty-changeset", "--parameter-overrides"),
        *(f"{name}={value}" for name, value in values.items()),
    ]
