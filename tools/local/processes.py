"""Background processes that can be found and ended again, and nothing but those."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
TERMINATION_SECONDS = 10.0


@dataclass(frozen=True)
class Process:
    """A process of ours: `born` tells it from a later one that was given the same pid.

    `made_of` changes with the program and its settings: a running process made of something else
    is replaced.
    """

    pid: int
    born: str
    made_of: str
    port: int

    def is_running(self) -> bool:
        return birth(self.pid) == self.born


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
    return Process(started.pid, birth(started.pid) or "", made_of, port)


def stop(process: Process) -> bool:
    """End the process and its children, kindly first; False when it was not running any more."""
    if not process.is_running():
        return False
    # Its session has its pid as group, so its children get the signal too.
    signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + TERMINATION_SECONDS
    while process.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    signal_group(process, signal.SIGKILL)
    return True


def signal_group(process: Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def birth(pid: int) -> str | None:
    """When the process began, in the system's own words; None when there is none."""
    reap(pid)
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else fields[19]
    listed = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.strip() or None


def reap(pid: int) -> None:
    """Let the system forget a child of this very process that has ended."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def port_is_free(port: int) -> bool:
    # Both ways: a server on every address does not always refuse a second one on loopback.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        if client.connect_ex((LOOPBACK, port)) == 0:
            return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
