"""What a person, or with --json a program, gets to see: results on stdout, the rest on stderr.

Everything that is printed goes through here, and nothing of it can act on the terminal: what a
stranger or Elsom wrote may hold control characters, and they are written out.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from payments.domain.masking import UNSEEN, visible

type Document = Mapping[str, Any]

_WIDE: Final = 200
_LINE_ENDS: Final = "\n"


class Screen:
    """Where a command's words go. With `as_json` stdout is one JSON document."""

    def __init__(self, *, as_json: bool = False, stderr: bool = True) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False)
        if not self._out.is_terminal:
            # Nobody's window is too narrow for what goes into a file or a pipe.
            self._out.width = _WIDE
        self._err = Console(stderr=stderr, highlight=False, soft_wrap=True)

    def result(self, document: Any, *shown: str | Table) -> None:
        """The command's result: the document as JSON, or what is shown instead of it.

        `shown` are texts, and tables made by `table`.
        """
        if self.as_json:
            sys.stdout.write(to_json(document) + "\n")
            return
        for one in shown:
            if isinstance(one, str):
                self._out.print(visible(one, keep=_LINE_ENDS), soft_wrap=True)
            else:
                self._out.print(one)

    def note(self, text: str) -> None:
        """A word by the way."""
        self._err.print(escape(visible(text, keep=_LINE_ENDS)))

    def error(self, text: str) -> None:
        """Why the command could not do it."""
        if self.as_json:
            self.result({"error": text})
        self._err.print(f"[red]Error:[/] {escape(visible(text, keep=_LINE_ENDS))}")

    def working(self, title: str) -> Status:
        """A spinner on a terminal while something takes its time."""
        return self._err.status(escape(title))

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A piece of work, with a line that stays once it is done."""
        started = time.monotonic()
        with self.working(title):
            yield
        spent = f"{time.monotonic() - started:.1f} s"
        self._err.print(f"  [green]✓[/] {escape(title)} [dim]{spent}[/]")

    def lines(self, title: str, lines: Iterable[str]) -> None:
        """Lines of a log, under a rule with its name."""
        self._out.rule(escape(visible(title)), align="left")
        for line in lines:
            self._out.print(visible(line), markup=False, soft_wrap=True)

    def counted[Thing](self, title: str, things: Iterable[Thing]) -> Iterator[Thing]:
        """The things one by one, with their number shown while they come."""
        with self.working(title) as status:
            for number, thing in enumerate(things, start=1):
                status.update(f"{escape(title)}: {number}")
                yield thing

    def wait(self, title: str, seconds: float) -> None:
        """Let time pass."""
        self.note(f"{title} ({seconds:.0f} s) ...")
        with self.working(title):
            time.sleep(seconds)


def to_json(document: Any) -> str:
    """The document as JSON that means the same and holds nothing a terminal would act on.

    JSON's own escapes stand for it; a character beyond 16 bits is two of them.
    """
    text = json.dumps(document, indent=2, ensure_ascii=False)
    lines = (UNSEEN.sub(lambda found: json.dumps(found[0])[1:-1], one) for one in text.split("\n"))
    return "\n".join(lines)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; None is shown as a dash."""
    made = Table(title=escape(visible(title)), title_justify="left")
    for column in columns:
        # An id that is cut short is of no use.
        made.add_column(
            escape(visible(column)), no_wrap=column.lower().endswith("id"), overflow="fold"
        )
    for row in rows:
        made.add_row(*("–" if cell is None else escape(visible(str(cell))) for cell in row))
    return made


def entries(title: str, columns: Sequence[str], found: Iterable[Document]) -> Table:
    """A table of documents, of which these fields are shown."""
    return table(title, columns, ([one[name] for name in columns] for one in found))


def fields(title: str, document: Document) -> Table:
    """A table of one document: a line for each field."""
    return table(title, ("field", "value"), document.items())


def timeline(title: str, items: Iterable[Document]) -> Table:
    """A table of what happened to a payment."""
    rows = []
    for item in items:
        more = (f"{name} {value}" for name, value in item.items() if name not in {"at", "what"})
        rows.append((item["at"], item["what"], ", ".join(more)))
    return table(title, ("at", "what", "details"), rows)
