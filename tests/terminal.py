"""A command at a pseudo terminal, with a person who reads and types."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Session:
    """What was on the screen, the questions that were answered, and the exit code."""

    screen: str
    queried: list[str]
    code: int

    @property
    def lines(self) -> list[str]:
        return [line for line in self.screen.splitlines() if line.strip()]


def at_terminal(
    command: Sequence[str],
    answers: Mapping[str, Sequence[str]],
    environment: Mapping[str, str],
    folder: Path,
    seconds: float = 60,
) -> Session:
    """Run the command; whenever the screen ends with one of the questions, type its answer.

    `answers`, by a pattern of the question: what is typed the first time, the second, and so on.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        list(command),
        cwd=folder,
        env={**environment, "TERM": "xterm", "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    left = {pattern: list(typed) for pattern, typed in answers.items()}
    shown, queried, seen = "", [], 0
    until = time.monotonic() + seconds
    try:
        while True:
            assert time.monotonic() < until, f"it still waits: {shown}"
            more = _read(ours)
            if more is None:
                break
            shown += more
            prompt = _ESCAPE.sub("", shown[seen:]).replace("\r", "").rpartition("\n")[2]
            pattern = next((one for one in left if re.search(one, prompt)), None)
            if pattern and prompt.endswith(": "):
                assert left[pattern], f"asked once too often: {shown}"
                os.write(ours, f"{left[pattern].pop(0)}\n".encode())
                queried.append(prompt)
                seen = len(shown)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return Session(_ESCAPE.sub("", shown).replace("\r", ""), queried, process.returncode)


def _read(terminal: int) -> str | None:
    """What is new; None once nobody writes to it any more."""
    if not select.select([terminal], [], [], 0.1)[0]:
        return ""
    try:
        found = os.read(terminal, 4096)
    except OSError:
        return None
    return found.decode(errors="replace") or None
