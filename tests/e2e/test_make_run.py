"""`make run`, `make stop` and what lies between them, as a newcomer types them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tools.environments import ROOT
from tools.local.processes import free_port, port_is_free

pytestmark = [pytest.mark.timeout(400), pytest.mark.needs("make")]
PORTS = ("AWS_PORT", "SANDBOX_PORT", "DEMO_PORT", "DESK_PORT")


class Newcomer:
    """A shell with nothing set up for the project, and a place for what runs."""

    def __init__(self, state: Path) -> None:
        self.ports = {name: free_port() for name in PORTS}
        kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        self.environment = {
            **kept,
            **{name: str(port) for name, port in self.ports.items()},
            "STATE_DIR": str(state),
        }

    def types(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command.split(),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    someone = Newcomer(tmp_path_factory.mktemp("newcomer"))
    yield someone
    someone.types("make stop")


@pytest.fixture(scope="module")
def first_run(newcomer: Newcomer) -> str:
    done = newcomer.types("make run")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_make_run_takes_a_payment_to_paid_and_its_urls_open(
    newcomer: Newcomer, first_run: str
) -> None:
    whats = re.findall(r"^│ \d{4}-\S+Z │ (\w+)", first_run, re.MULTILINE)
    assert whats[:3] == ["created", "start_sent", "pending"]
    assert "paid" in whats[3:]
    # Behind the payment's timeline; the API itself wants signed calls.
    reported = re.findall(r"http://\S+", first_run.partition("└")[2])
    pages = [url for url in reported if not url.endswith("/v1/payments")]
    assert len(pages) == 5
    for url in pages:
        assert requests.get(url, timeout=30).status_code == 200, url


def test_the_desk_opens_on_today_with_the_sum_that_was_paid(
    newcomer: Newcomer, first_run: str
) -> None:
    desk = f"http://127.0.0.1:{newcomer.ports['DESK_PORT']}/"
    assert desk in first_run
    text = requests.get(desk, headers={"Accept-Language": "ru"}, timeout=60).text
    assert "Оплачено сегодня" in text
    assert "150,00\u00a0сом" in text


def test_what_runs_is_told_and_what_it_logged(newcomer: Newcomer, first_run: str) -> None:
    status = newcomer.types("make status")
    assert status.returncode == 0, status.stderr
    for port in newcomer.ports.values():
        assert str(port) in status.stdout
    logs = newcomer.types("make logs")
    assert logs.returncode == 0, logs.stderr
    assert "StartPayment" in logs.stdout


def test_run_again_takes_another_payment(newcomer: Newcomer, first_run: str) -> None:
    again = newcomer.types("make run")
    assert again.returncode == 0, again.stdout + again.stderr
    payments = [re.findall(r"Payment (\w{20}):", text) for text in (first_run, again.stdout)]
    assert len(set(map(tuple, payments))) == 2
    assert all(payments)


def test_a_second_clone_is_told_that_the_port_is_taken(
    newcomer: Newcomer, first_run: str, tmp_path: Path
) -> None:
    other = Newcomer(tmp_path)
    other.environment |= {"AWS_PORT": newcomer.environment["AWS_PORT"]}
    refused = other.types("make run")
    assert refused.returncode != 0
    assert f"{newcomer.ports['AWS_PORT']}" in refused.stdout
    assert "AWS_PORT" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert other.types("make stop").returncode == 0


def test_make_stop_leaves_nothing_listening(newcomer: Newcomer, first_run: str) -> None:
    stopped = newcomer.types("make stop")
    assert stopped.returncode == 0, stopped.stderr
    assert all(port_is_free(port) for port in newcomer.ports.values())


@pytest.mark.parametrize("word", ["run", "test", "stop", "deploy", "simulate", "bench"])
def test_make_help_names_it(newcomer: Newcomer, word: str) -> None:
    assert re.search(rf"^  make {word} +\S", newcomer.types("make help").stdout, re.MULTILINE)
