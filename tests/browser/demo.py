"""The demo shop as a process of its own, as `make run` starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tools.environments import ROOT


@dataclass(frozen=True)
class DemoShop:
    """A running demo shop."""

    url: str


@contextmanager
def running_demo_shop(stack_file: Path, port: int) -> Iterator[DemoShop]:
    """Start the shop for the stack of this `stack.json`; it ends with the block."""
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "clients" / "python")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "demo_shop", "--port", str(port), "--stack", str(stack_file)]
    with subprocess.Popen(command, env=environment) as process:
        try:
            shop = DemoShop(f"http://127.0.0.1:{port}")
            _wait_for(shop, process)
            yield shop
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_for(shop: DemoShop, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            requests.get(f"{shop.url}/health", timeout=2).raise_for_status()
            return
        except OSError:
            assert process.poll() is None, "the demo shop ended while it started"
            assert time.monotonic() < until, "the demo shop did not answer"
            time.sleep(0.1)
