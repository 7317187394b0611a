"""What a person sees while they wait: steps with elapsed seconds, on a terminal or in a log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class Report(Protocol):
    """Where a local cloud tells of its steps."""

    def step(self, title: str, /) -> AbstractContextManager[None]: ...

    def note(self, text: str, /) -> None: ...


class NoResponse:
    """Tells nobody: for tests, which have their own reports."""

    def step(self, _title: str, /) -> AbstractContextManager[None]:
        return nullcontext()

    def note(self, _text: str, /) -> None:
        pass


class OnConsole:
    """A spinner with elapsed time on a terminal, one line at each end of a step elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, title: str, /) -> Iterator[None]:
        started = time.monotonic()
        if self.console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            with Progress(*columns, console=self.console, transient=True) as progress:
                progress.add_task(title)
                yield
        else:
            self.note(f"{title} ...")
            yield
        self.console.print(
            f"  [green]✓[/] {title} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False
        )

    def note(self, text: str, /) -> None:
        self.console.print(f"  {text}", highlight=False, soft_wrap=True)
