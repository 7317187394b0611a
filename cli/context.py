"""What every command gets: a screen, the stack it works on, and what was told at deployment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import boto3
import typer

from cli import answers as kept
from cli.answers import Answers, WrongAnswer
from cli.screen import Screen
from cli.target import CliError, Target, account_target, find_target


@dataclass(frozen=True)
class Options:
    """What stands on the command line before the command."""

    stack: str | None
    region: str | None
    profile: str | None
    env: str | None
    local: bool
    state: Path


@dataclass
class Context:
    """The target is looked for when a command first asks for it, so that --help needs none."""

    screen: Screen
    options: Options
    settings: Path

    @cached_property
    def answers(self) -> Answers:
        """What the last deployment of this environment was told. Raises CliError."""
        try:
            return kept.load(self.settings, self.options.env)
        except WrongAnswer as error:
            raise CliError(str(error)) from error

    @property
    def usual_region(self) -> str | None:
        """The region that environment or AWS profile name."""
        named = os.environ.get("AWS_REGION")
        return named or boto3.session.Session(profile_name=self.options.profile).region_name

    @cached_property
    def target(self) -> Target:
        """The stack. Raises CliError."""
        given = self.options
        return find_target(
            *(given.stack, given.region, given.profile),
            self.answers,
            local=given.local,
            state=given.state,
        )

    @cached_property
    def account(self) -> Target:
        """The stack that is or will be in the account; a local one only where --local is given."""
        given = self.options
        if given.local:
            return self.target
        return account_target(given.stack, given.region, given.profile, self.answers)


def of(context: typer.Context) -> Context:
    """Our context in Typer's."""
    found: Context = context.obj
    return found
