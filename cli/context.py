"""What every command gets: a screen, the stack it works on, and what was told at deployment."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.answers import KEPT, Answers, load
from cli.errors import CliError
from cli.screen import Screen
from cli.target import LOCAL_STACK, Target, account_target, local_target
from cli.template import CHECKOUT

# Where the local AWS of `make run` keeps its state.
STATE: Final = (CHECKOUT or Path()) / ".local"


@dataclass
class Context:
    """What stands on the command line before the command.

    The target is looked for when a command first asks for it, so that --help needs none.
    """

    screen: Screen
    stack: str | None = None
    region: str | None = None
    profile: str | None = None
    env: str | None = None
    settings: Path = KEPT
    local: bool = False
    state: Path = STATE

    @cached_property
    def answers(self) -> Answers:
        """What the last deployment of this environment was told. Raises WrongAnswer."""
        return load(self.settings, self.env)

    @cached_property
    def target(self) -> Target:
        """The local AWS's stack where one is there and no other is named; else the account's.

        Raises CliError.
        """
        file = self.state / "stack.json"
        named = self.stack or self.region or self.profile or self.answers.was_named
        if not self.local and (named or not file.exists()):
            return account_target(self.stack, self.region, self.profile, self.answers)
        if not file.exists():
            raise CliError(f"No local AWS runs with its state in {self.state}: make run")
        found = json.loads(file.read_text())
        return local_target(self.stack or found.get("stackName") or LOCAL_STACK, found)

    @cached_property
    def account(self) -> Target:
        """The stack that is or will be in the account; a local one only where --local is given."""
        if self.local:
            return self.target
        return account_target(self.stack, self.region, self.profile, self.answers)


class Command(typer.Context):
    """Typer's context of a command, with ours in it."""

    obj: Context


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")]
