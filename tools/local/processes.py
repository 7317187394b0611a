"""Background processes that can be found and ended again, and nothing but those."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"
TERMINATION_SECONDS = 10.0
# The system's clock may be set between two looks at when a process began.
CLOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Process:
    """A process of ours: `born` tells it from a later one that was given the same pid.

    `made_of` changes with the program and its settings: a running process made of something else
    is replaced.
    """

    pid: int
    born: float
    made_of: str
    port: int

    def is_running(self) -> bool:
        born = birth(self.pid)
        return born is not None and abs(born - self.born) < CLOCK_SECONDS


def start(
    command: list[str], environment: Mapping[str, str], log: Path, *, made_of: str, port: int
) -> Process:
    """Run a command in a session of its own, with nothing on its input and its output in `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        started = subprocess.Popen(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # It is meant to outlive us: without this Python warns about a child that was left alone.
    started.returncode = 0
    return Process(started.pid, birth(started.pid) or 0, made_of, port)


def stop(process: Process) -> bool:
    """End the process and its children, kindly first; False when it was not running any more."""
    if not process.is_running():
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        # Its session has its pid as group, so its children get the signal too.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        deadline = time.monotonic() + TERMINATION_SECONDS
        while process.is_running() and time.monotonic() < deadline:
            time.sleep(0.05)
    return True


def birth(pid: int) -> float | None:
    """When the process began, in seconds; None when there is none."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def port_is_free(port: int) -> bool:
    # Both ways: a server on every address does not always refuse a second one on loopback.
    with socket.socket() as client:
        client.settimeout(1)
        if client.connect_ex((LOOPBACK, port)) == 0:
            return False
    try:
        with socket.create_server((LOOPBACK, port)):
            return True
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
