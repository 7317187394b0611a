"""`make stop` ends what `make run` started, and nothing else."""

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli.errors import CliError
from tools.local import processes
from tools.local.processes import Process, free_port, port_is_free
from tools.local.servers import Roster, Server

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
PARENT = """
import subprocess, sys, time
print(subprocess.Popen(sys.argv[1:]).pid, flush=True)
time.sleep(60)
"""
SERVER = """
import sys
from werkzeug import Response
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), Response("ready"))
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(1, flush=True)
time.sleep(60)
"""


def start(tmp_path: Path, command: list[str]) -> Process:
    return processes.start(command, os.environ, tmp_path / "log", made_of="a", port=0)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_stopped_process_is_gone(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEPER)
    assert process.is_running()
    assert processes.stop(process)
    assert not process.is_running()
    assert not processes.stop(process)


def test_its_children_are_gone_too(tmp_path: Path) -> None:
    process = start(tmp_path, [sys.executable, "-c", PARENT, *SLEEPER])
    log = tmp_path / "log"
    wait_for(lambda: log.read_text().strip())
    child = int(log.read_text())
    assert processes.birth(child)
    processes.stop(process)
    wait_for(lambda: processes.birth(child) is None)


def test_another_process_with_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    process = start(tmp_path, SLEEPER)
    remembered = replace(process, born=process.born - 60)
    assert not processes.stop(remembered)
    assert process.is_running()
    processes.stop(process)


def test_a_process_that_ignores_the_kind_signal_is_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "TERMINATION_SECONDS", 0.3)
    process = start(tmp_path, [sys.executable, "-c", DEAF])
    wait_for((tmp_path / "log").read_text)
    assert processes.stop(process)
    wait_for(lambda: not process.is_running())


def test_a_port_with_a_listener_is_taken(listening: int) -> None:
    assert not port_is_free(listening)
    assert port_is_free(free_port())


def server(
    tmp_path: Path, port: int, command: list[str] | None = None, made_of: str = "a"
) -> Server:
    return Server(
        name="web",
        title="web server",
        setting="WEB_PORT",
        port=port,
        health_path="/",
        command=command or [sys.executable, "-c", SERVER, str(port)],
        environment=os.environ,
        log=tmp_path / "web.log",
        made_of=made_of,
    )


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Roster]:
    roster = Roster(tmp_path / "state")
    yield roster
    roster.stop()


def test_a_running_server_is_used_again_until_it_changes(tmp_path: Path, roster: Roster) -> None:
    port = free_port()
    assert roster.ensure(server(tmp_path, port))
    first = roster.read()["web"]
    assert not roster.ensure(server(tmp_path, port))
    assert roster.read()["web"] == first
    assert roster.ensure(server(tmp_path, port, made_of="b"))
    assert not first.is_running()
    assert roster.stop() == ["web"]
    assert roster.stop() == []
    assert port_is_free(port)


def test_a_taken_port_is_one_sentence_that_names_the_setting(
    tmp_path: Path, roster: Roster, listening: int
) -> None:
    with pytest.raises(CliError, match=f"Port {listening} is taken .* WEB_PORT=") as refusal:
        roster.ensure(server(tmp_path, listening))
    assert "\n" not in str(refusal.value)
    assert roster.read() == {}


def test_what_runs_is_kept_when_the_other_port_is_taken(
    tmp_path: Path, roster: Roster, listening: int
) -> None:
    roster.ensure(server(tmp_path, free_port()))
    with pytest.raises(CliError):
        roster.ensure(server(tmp_path, listening, made_of="b"))
    assert roster.read()["web"].is_running()


def test_a_server_that_ends_at_once_is_one_sentence_with_its_log(
    tmp_path: Path, roster: Roster
) -> None:
    broken = server(tmp_path, free_port(), [sys.executable, "-c", "raise SystemExit('no')"])
    with pytest.raises(CliError, match=f"ended while it started; its log is {broken.log}"):
        roster.ensure(broken)
    assert broken.log.read_text().strip() == "no"


def test_a_second_command_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.local", "stop", "--state-dir", str(tmp_path)]
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "Another command is at work" in refused.stdout
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
