"""What every command gets: a screen, and the stack it works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import typer

from tools.elsom.screen import Screen
from tools.elsom.target import Target


@dataclass
class Context:
    """The target is looked for when a command first asks for it, so that --help needs none."""

    screen: Screen
    find: Callable[[], Target]

    @cached_property
    def target(self) -> Target:
        """The stack. Raises CliError."""
        return self.find()


def of(context: typer.Context) -> Context:
    """Our context in Typer's."""
    found: Context = context.obj
    return found
