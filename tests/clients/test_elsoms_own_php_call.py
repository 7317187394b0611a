"""The array of Elsom's own document, section 2.2, through the drop-in: paid once, and in time."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conformance import CLIENTS
from tests.clients.deployed_list import STARTS
from tests.deployed import Deployed

CALL = Path(__file__).parent / "document_call.php"
# PHP's own limit is often 30 seconds.
LONGEST_SECONDS = 25.0

pytestmark = [pytest.mark.needs("php"), pytest.mark.timeout(300)]


@contextmanager
def calling(caller: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The document's call, with the four values of the environment that a shop sets."""
    environment = {
        "PATH": os.environ["PATH"],
        "CLIENT": str(CLIENTS / "php"),
        "ELSOM_API_URL": caller["apiUrl"],
        "AWS_REGION": caller["region"],
        "AWS_ACCESS_KEY_ID": caller["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": caller["secretAccessKey"],
    }
    process = subprocess.Popen(
        ["php", str(CALL)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def result(process: subprocess.Popen[str]) -> Any:
    return json.loads(process.communicate(timeout=60)[0])


def page_of(url: str) -> tuple[str, str]:
    """Where the address leads, and what is there."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.url, answer.read().decode()


def timed(process: subprocess.Popen[str], began: float) -> tuple[Any, float]:
    return result(process), time.monotonic() - began


@pytest.fixture(scope="module")
def hanging_call() -> Iterator[Future[tuple[Any, float]]]:
    """Result and seconds of a call to an API that takes the connection and never answers.

    The other tests run meanwhile.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        api = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        keys = {"region": "us-east-1", "accessKeyId": "AKIAMADEUP", "secretAccessKey": "made-up"}
        with calling({"apiUrl": api, **keys}) as process, ThreadPoolExecutor(1) as pool:
            yield pool.submit(timed, process, time.monotonic())


@pytest.mark.usefixtures("hanging_call")
def test_it_returns_the_page_where_the_customer_pays_and_starts_once(
    stack: Deployed, caller: dict[str, str]
) -> None:
    with calling(caller) as process:
        first = result(process)
    word, url = first
    assert word == "success"
    assert url.startswith(f"{caller['apiUrl']}/pay/")
    elsoms, page = page_of(url)
    assert elsoms.startswith(stack.cloud.sandbox_url)
    assert "10" in page

    with calling(caller) as process, calling(caller) as beside:
        assert result(process) == result(beside) == first
    (payment,) = stack.shop.call("GET", "/payments?orderId=123").body["items"]
    assert len(stack.calls(payment["id"], STARTS)) == 1
    assert (payment["amount"], payment["cashierNo"]) == ("10.00", "0001")
    assert payment["description"] == "browserName"

    stack.set_status(payment["id"], "A", notify=True)
    stack.wait_for(payment["id"], "paid")
    with calling(caller) as process:
        assert result(process) == first
    assert 'data-status="paid"' in page_of(url)[1]


def test_an_outcome_that_is_not_known_is_an_error_that_says_to_start_nothing_new(
    stack: Deployed, caller: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CALL.read_text()
    script = tmp_path / "call.php"
    script.write_text(text.replace('"test_24"', '"test_25"').replace('"123"', '"124"'))
    monkeypatch.setattr("tests.clients.test_elsoms_own_php_call.CALL", script)
    stack.fault(STARTS, "reset")
    for _ in range(2):
        with calling(caller) as process:
            word, message = result(process)
        assert word == "error"
        assert "Start nothing new" in message
    (payment,) = stack.shop.call("GET", "/payments?orderId=124").body["items"]
    assert len(stack.calls(payment["id"], STARTS)) == 1


def test_it_returns_in_time_whatever_the_api_does(
    hanging_call: Future[tuple[Any, float]],
) -> None:
    (word, message), seconds = hanging_call.result()
    assert word == "error"
    assert "Start nothing new" in message
    assert seconds < LONGEST_SECONDS
