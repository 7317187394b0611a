"""`./elsom desk`: it prints an address, lets in who has it, and ends by Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.deployed import Deployed
from tools.environments import ROOT
from tools.local.processes import free_port

pytestmark = pytest.mark.timeout(200)


@contextmanager
def running(state: Path, port: int, *words: str) -> Iterator[subprocess.Popen[str]]:
    paths = [ROOT / "layers" / "payments", ROOT / "clients" / "python", ROOT]
    # Not ours to read: the command has to find the stack by itself.
    kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "--local", "--state-dir", str(state), "desk",
         "--port", str(port), *words],
        env={**kept, "PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_it_says_where_to_go_shows_today_there_and_ends_by_ctrl_c(
    stack: Deployed, tmp_path: Path
) -> None:
    state = stack.cloud.save().parent
    port = free_port()
    with running(state, port, "--json") as process:
        assert process.stdout is not None
        said = "".join(iter(process.stdout.readline, "}\n")) + "}"
        url = json.loads(said)["url"]
        assert url == f"http://127.0.0.1:{port}/"
        text = requests.get(url, headers={"Accept-Language": "en"}, timeout=60).text
        assert "Paid today" in text
        assert "e2e" in text
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_a_taken_port_is_a_sentence(stack: Deployed) -> None:
    state = stack.cloud.save().parent
    port = free_port()
    with running(state, port) as first:
        assert first.stdout is not None
        assert f"http://127.0.0.1:{port}/" in first.stdout.readline()
        with running(state, port) as second:
            _, said = second.communicate(timeout=60)
            assert second.returncode == 1
            assert f"Port {port} cannot be used" in said
            assert "Traceback" not in said
