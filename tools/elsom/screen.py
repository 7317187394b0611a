"""What a person, or with --json a program, gets to see: results on stdout, the rest on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

_WIDE: Final = 200


class Screen:
    """Where a command's words go. With `as_json` stdout is one JSON document."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._out = Console(highlight=False)
        if not self._out.is_terminal:
            # Nobody's window is too narrow for what goes into a file or a pipe.
            self._out.width = _WIDE
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def result(self, document: Any, *shown: Any) -> None:
        """The command's result: the document as JSON, or what is shown instead of it."""
        if self.as_json:
            json.dump(document, sys.stdout, indent=2, ensure_ascii=False)
            sys.stdout.write("\n")
            return
        for one in shown:
            self._out.print(one, soft_wrap=isinstance(one, str))

    def note(self, text: str) -> None:
        """A word by the way."""
        self._err.print(escape(text))

    def error(self, text: str) -> None:
        """Why the command could not do it."""
        if self.as_json:
            self.result({"error": text})
        self._err.print(f"[red]Error:[/] {escape(text)}")

    @contextmanager
    def working(self, title: str) -> Iterator[None]:
        """A spinner while something takes its time; a line where there is no terminal."""
        if not self._err.is_terminal:
            self.note(f"{title} ...")
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=self._err, transient=True) as progress:
            progress.add_task(title)
            yield

    def counted[Thing](self, title: str, things: Iterable[Thing]) -> Iterator[Thing]:
        """The things one by one, with their number shown while they come."""
        if not self._err.is_terminal:
            self.note(f"{title} ...")
            yield from things
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task(title, total=None)
            for thing in things:
                progress.advance(task)
                yield thing

    def wait(self, title: str, seconds: float) -> None:
        """Let time pass, with a bar."""
        if not self._err.is_terminal:
            self.note(f"{title} ({seconds:.0f} s) ...")
            time.sleep(seconds)
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._err, transient=True) as progress:
            task = progress.add_task(title, total=seconds)
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                progress.update(task, completed=seconds - left)
                time.sleep(min(0.2, left))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; None is shown as a dash."""
    made = Table(title=title, title_justify="left")
    for column in columns:
        # An id that is cut short is of no use.
        made.add_column(column, no_wrap=column.lower().endswith("id"), overflow="fold")
    for row in rows:
        made.add_row(*("–" if cell is None else escape(str(cell)) for cell in row))
    return made
