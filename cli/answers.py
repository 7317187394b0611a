"""What a deployment was told, kept for the SAM CLI in a file that git ignores.

The SAM CLI reads one settings file, so this one holds all of samconfig.toml and the answers on top.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit

from cli.errors import CliError
from cli.template import CHECKOUT, template

ENVIRONMENTS: Final = ("default", "dev", "staging", "prod")
TRACKED: Final = (CHECKOUT or Path()) / "samconfig.toml"
KEPT: Final = (CHECKOUT or Path()) / "samconfig.local.toml"
_HEAD: Final = """\
# Answers to `make deploy`, kept for the SAM CLI on this machine; git ignores this file.
# A parameter is changed here, or by `./elsom configure NAME=VALUE`; "" is an empty value.
# A stack keeps the last value of a line that is taken out: to go back to a default, write it down.
"""
_LIST: Final = "CommaDelimitedList"

type Settings = dict[str, Any]


class WrongAnswer(CliError):
    """A value that the template would refuse; the text says why."""


@dataclass(frozen=True)
class Answers:
    """One environment's stack, region and parameters, as they were told last."""

    env: str = "default"
    stack: str = ""
    region: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    # Whether this environment was asked for by name.
    was_named: bool = False


def load(file: Path = KEPT, env: str | None = None) -> Answers:
    """The kept answers of an environment, or what samconfig.toml says where there are none.

    Raises WrongAnswer where the file cannot be read.
    """
    name = env or "default"
    settings = _read(file if file.exists() else TRACKED).get(name, {})
    common, deploy = (
        settings.get(command, {}).get("parameters", {}) for command in ("global", "deploy")
    )
    given = common | deploy
    return Answers(
        env=name,
        stack=str(given.get("stack_name", "")),
        region=str(given.get("region", "")),
        parameters=dict(_overrides(deploy.get("parameter_overrides"))),
        was_named=env is not None,
    )


def save(answers: Answers, file: Path = KEPT) -> None:
    """Keep the answers, beside those of other environments and what else the file says."""
    settings = _merged(_read(TRACKED), _read(file))
    ours = settings.setdefault(answers.env, {})
    common = ours.setdefault("global", {}).setdefault("parameters", {})
    common |= {"stack_name": answers.stack, "region": answers.region}
    deploy = ours.setdefault("deploy", {}).setdefault("parameters", {})
    for name in ("stack_name", "region"):
        deploy.pop(name, None)
    # A table, not a line of text: so no value has to be quoted, and an empty one is one.
    deploy["parameter_overrides"] = dict(answers.parameters)
    file.write_text(f"{_HEAD}\n{tomlkit.dumps(settings)}")


def check(name: str, value: str) -> str:
    """The value, if the template takes it for this parameter. Raises WrongAnswer."""
    known = template()["Parameters"].get(name)
    if known is None:
        raise WrongAnswer(f"The template has no parameter {name}.")
    if name == "SandboxMode" and value != "false":
        raise WrongAnswer("SandboxMode=true is for a local AWS only.")
    if value.startswith("http://"):
        raise WrongAnswer(f"{name} must be an https URL: http is for a local AWS only.")
    allowed = [str(one) for one in known.get("AllowedValues", ())]
    if allowed and value not in allowed:
        raise WrongAnswer(f"{name} must be one of {', '.join(allowed)}.")
    items = value.split(",") if known["Type"] == _LIST else [value]
    if not all(re.search(known.get("AllowedPattern", ""), one) for one in items):
        raise WrongAnswer(f"{name} must be {known.get('ConstraintDescription', 'another value')}.")
    if known["Type"] == "Number" and not _in_range(value, known):
        least, most = known.get("MinValue", ""), known.get("MaxValue", "")
        raise WrongAnswer(f"{name} must be a whole number from {least} to {most}.")
    return value


def required() -> list[str]:
    """The parameters without a default."""
    return [name for name, one in template()["Parameters"].items() if "Default" not in one]


def _in_range(value: str, known: Mapping[str, Any]) -> bool:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        return False
    return bool(known.get("MinValue", 0) <= int(value) <= known.get("MaxValue", 10**9))


def _read(file: Path) -> Settings:
    """What a settings file says; nothing where there is none."""
    try:
        return tomllib.loads(file.read_text()) if file.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise WrongAnswer(f"{file.name} cannot be read: {error}.") from error


def _overrides(given: Any) -> Iterator[tuple[str, str]]:
    """Parameter overrides as the SAM CLI takes them: a table, a list, or a line of text."""
    match given:
        case dict():
            for name, value in given.items():
                yield name, ",".join(map(str, value)) if isinstance(value, list) else str(value)
        case list():
            for one in given:
                yield from _overrides(one)
        case str():
            for word in shlex.split(given):
                plain = re.sub(r"^ParameterKey=([^,]+),ParameterValue=", r"\1=", word)
                name, _, value = plain.partition("=")
                yield name, value


def _merged(base: Settings, over: Settings) -> Settings:
    """Both, table by table; where they differ the second wins."""
    made = dict(base)
    for name, value in over.items():
        both = isinstance(value, dict) and isinstance(made.get(name), dict)
        made[name] = _merged(made[name], value) if both else value
    return made
