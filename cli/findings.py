"""What `doctor` and `preflight` print: one line for each thing, ok or what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from cli.screen import Screen
from cli.target import CliError


class State(StrEnum):
    """How a thing is. A warning is for a person to know, not a reason to fail."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


_MARK = {
    State.OK: "[green]ok[/]     ",
    State.WARNING: "[yellow]warning[/]",
    State.BAD: "[red]bad[/]    ",
}


@dataclass(frozen=True)
class Finding:
    """One line: `do` says what to do when it is not ok."""

    name: str
    state: State
    say: str
    do: str = ""


def ok(name: str, say: str) -> Finding:
    return Finding(name, State.OK, say)


def bad(name: str, say: str, do: str) -> Finding:
    return Finding(name, State.BAD, say, do)


def warning(name: str, say: str, do: str) -> Finding:
    return Finding(name, State.WARNING, say, do)


type Look[Subject] = Callable[[Subject, str], Iterator[Finding]]


def look_at[Subject](
    subject: Subject, looks: Mapping[str, Look[Subject]], *, last: str = ""
) -> Iterator[Finding]:
    """Look at everything, one after the other; a look that fails is a finding too.

    After a bad finding named `last` nothing else is looked at, since nothing else can be said.
    """
    for name, look in looks.items():
        try:
            found = list(look(subject, name))
        except CliError as error:
            found = [bad(name, str(error), "deploy again: make deploy")]
        except (ClientError, BotoCoreError, OSError) as error:
            do = "check your rights and network"
            found = [bad(name, f"could not be looked at: {error}", do)]
        yield from found
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
    screen.result(document, *map(_line, findings), last)
    return bool(document["ok"])


def _line(finding: Finding) -> str:
    what = f"{_MARK[finding.state]} {escape(finding.name)}: {escape(finding.say)}"
    return f"{what}\n        -> {escape(finding.do)}" if finding.do else what
