"""What `doctor` and `preflight` print: one line for each thing, ok or what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from cli.errors import CliError
from cli.screen import Screen
from cli.target import Target


class State(StrEnum):
    """How a thing is. A warning is for a person to know, not a reason to fail."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.BAD: "red"}


@dataclass(frozen=True)
class Finding:
    """One line: `do` says what to do when it is not ok. Without a name it has its look's."""

    name: str
    state: State
    say: str
    do: str = ""

    @property
    def line(self) -> str:
        """What a person sees."""
        mark = f"[{_COLOURS[self.state]}]{self.state}[/]{' ' * (7 - len(self.state))}"
        what = f"{mark} {escape(self.name)}: {escape(self.say)}"
        return f"{what}\n        -> {escape(self.do)}" if self.do else what


def ok(say: str, name: str = "") -> Finding:
    return Finding(name, State.OK, say)


def bad(say: str, do: str, name: str = "") -> Finding:
    return Finding(name, State.BAD, say, do)


def warning(say: str, do: str, name: str = "") -> Finding:
    return Finding(name, State.WARNING, say, do)


def either(well: bool, fine: str, wrong: str, do: str, name: str = "") -> Finding:
    """One of two: ok, or bad with what to do."""
    return ok(fine, name) if well else bad(wrong, do, name)


# Looks at one thing of a stack; a finding without a name gets the name of its look.
type Look = Callable[[Target], Finding | Iterable[Finding]]


def look_at(target: Target, looks: Mapping[str, Look], *, last: str = "") -> Iterator[Finding]:
    """Look at everything, one after the other; a look that fails is a finding too.

    After a bad finding named `last` nothing else is looked at, since nothing else can be said.
    """
    for name, look in looks.items():
        try:
            seen = look(target)
            found = [seen] if isinstance(seen, Finding) else list(seen)
        except CliError as error:
            found = [bad(str(error), "deploy again: make deploy")]
        except (ClientError, BotoCoreError, OSError) as error:
            found = [bad(f"could not be looked at: {error}", "check your rights and network")]
        yield from (replace(one, name=one.name or name) for one in found)
        if name == last and any(one.state is State.BAD for one in found):
            return


def report(findings: list[Finding]) -> dict[str, Any]:
    """The findings as a JSON document."""
    well = not any(one.state is State.BAD for one in findings)
    return {"ok": well, "checks": [asdict(one) for one in findings]}


def show(screen: Screen, findings: list[Finding], well: str = "All is well.") -> bool:
    """Print the lines, and at the end whether all is well; the same as the answer."""
    document = report(findings)
    wrong = sum(one.state is State.BAD for one in findings)
    last = well if document["ok"] else f"{wrong} thing{'s' if wrong > 1 else ''} to do."
    screen.result(document, *(one.line for one in findings), last)
    return bool(document["ok"])
