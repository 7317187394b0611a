"""Build, and deploy to the real AWS with the SAM CLI's questions: `make build`, `make deploy`."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.environments import ENVIRONMENTS, ROOT, with_programs

SETTINGS = ROOT / "samconfig.toml"
# `SandboxMode=true` or `ParameterKey=SandboxMode,ParameterValue=true`, quoted or not.
SANDBOX_MODE = re.compile(r"""SandboxMode["']?(?:,ParameterValue)?=["']?true""", re.IGNORECASE)
ENVIRONMENT_NAMES = ("default", "dev", "staging", "prod")
LEFT_TO_DO = """
Deployed. What is left to do (--stack NAME where the stack is not elsom-payments):
  1. ./elsom setup     asks for the merchant's data, and tells the address for Elsom's cabinet.
  2. Put that address into Elsom's merchant cabinet.
  3. Attach the policy PaymentsCallerPolicyArn to whoever may start payments.
  4. ./elsom doctor    says whether everything is there.
If you gave an AlarmEmail: AWS has sent it a message, and tells of no alarm until the link in it
is clicked."""


class Refused(Exception):
    """This must not be deployed; the text is one sentence for the person at the keyboard."""


def main(arguments: list[str] | None = None) -> int:
    """The SAM CLI's exit code, or 1 after one sentence that says what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.deploy", description=__doc__)
    parser.add_argument("--build-only", action="store_true", help="build into .aws-sam and stop")
    parser.add_argument(
        "--env",
        choices=ENVIRONMENT_NAMES,
        default="default",
        help="the part of samconfig.toml to use, and to keep the answers in",
    )
    choices = parser.parse_args(arguments)
    try:
        if not choices.build_only:
            check(SETTINGS, os.environ)
    except Refused as refusal:
        print(f"Error: {refusal}")
        return 1
    code = sam("build")
    if code or choices.build_only:
        return code
    code = sam(
        *("deploy", "--guided", "--config-env", choices.env, "--capabilities", "CAPABILITY_IAM")
    )
    if code == 0:
        print(LEFT_TO_DO)
    return code


def check(settings: Path, environment: Mapping[str, str]) -> None:
    """Refuse what would not be the real AWS, or would be a sandbox on it. Raises Refused."""
    if any(name.startswith("AWS_ENDPOINT_URL") for name in environment):
        raise Refused("AWS_ENDPOINT_URL is set, so this would not reach the real AWS: unset it.")
    given = overrides(tomllib.loads(settings.read_text())) if settings.exists() else ()
    if any(SANDBOX_MODE.search(override) for override in given):
        raise Refused(
            f"{settings.name} says SandboxMode=true, which is for a local AWS only: take it out."
        )


def overrides(settings: dict[str, Any]) -> Iterator[str]:
    """Every parameter override in the SAM CLI's settings, of whatever environment, as text."""
    for environment in settings.values():
        for command in environment.values() if isinstance(environment, dict) else ():
            given = command.get("parameters", {}).get("parameter_overrides", [])
            yield from [given] if isinstance(given, str) else map(str, given)


def sam(*arguments: str) -> int:
    """Run the SAM CLI at this terminal; its exit code."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    program = ENVIRONMENTS["run"].folder / "bin" / "sam"
    finished = subprocess.run(
        [str(program), *arguments], cwd=ROOT, env=with_programs(environment), check=False
    )
    return finished.returncode


if __name__ == "__main__":
    sys.exit(main())
