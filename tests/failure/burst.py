"""microburst in front of the local AWS: its failures have the very form that AWS's have."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from tools.local.processes import free_port

type Json = dict[str, Any]

READY_SECONDS: Final = 30.0
THROTTLING: Final[dict[str, Json]] = {
    "dynamodb": {"code": "ProvisionedThroughputExceededException"},
    # The proxy puts a namespace before SQS's codes, and boto3 knows throttling by the bare word.
    "sqs": {"code": "ServiceUnavailable", "status": 503},
    "events": {"code": "ThrottlingException"},
    "secretsmanager": {"code": "ThrottlingException"},
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with calls to AWS; `once`: with the first of them only."""

    name: str
    once: bool = False

    def rules(self) -> list[Json]:
        often = {"times": 1} if self.once else {}
        if self.name == "throttled":
            return [
                {"service": service, "error": error, **often}
                for service, error in THROTTLING.items()
            ]
        if self.name == "reset":
            return [{"service": "*", "reset": True, **often}]
        return [{"service": "*", "response": {"abort_bytes": 0}, **often}]

    def __str__(self) -> str:
        return f"{self.name}-once" if self.once else self.name


_ANY_CALL: Final = {
    "dynamodb": "list_tables",
    "sqs": "list_queues",
    "events": "list_event_buses",
    "secretsmanager": "list_secrets",
}
FAULTS: Final = tuple(Fault(name) for name in ("throttled", "reset", "answer-lost"))
FAULTS_ONCE: Final = tuple(Fault(one.name, once=True) for one in FAULTS)


@dataclass(frozen=True)
class Burst:
    """One proxy in front of one server."""

    url: str

    def order(self, rules: list[Json]) -> None:
        """These rules and no others from now on."""
        self._control("POST", "rules", rules)

    def fired(self) -> list[Json]:
        """What it did since the last time it was asked."""
        found: list[Json] = self._control("GET", "fired")
        self._control("DELETE", "fired")
        return found

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.url}/_microburst/{path}"
        answer = requests.request(method, url, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()


class Weather:
    """The proxies, and whether they do harm at this moment."""

    def __init__(self, *bursts: Burst) -> None:
        self._bursts = bursts

    def turn(self, fault: Fault | None) -> None:
        for burst in self._bursts:
            burst.order(fault.rules() if fault else [])

    def fired(self) -> list[Json]:
        return [event for burst in self._bursts for event in burst.fired()]


@contextmanager
def running_burst(upstream: str, *services: str) -> Iterator[Burst]:
    """A proxy in front of these services, on a free port of 127.0.0.1; it ends with the context."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "microburst", "--upstream", upstream, "--port", str(port)],
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    burst = Burst(f"http://127.0.0.1:{port}")
    try:
        until = time.monotonic() + READY_SECONDS
        while not _is_up(burst):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        _warm_up(burst, services)
        yield burst
    finally:
        process.kill()  # it holds nothing, and would wait for idle connections
        process.wait(timeout=10)


def _is_up(burst: Burst) -> bool:
    try:
        burst.fired()
    except requests.RequestException:
        return False
    return True


def _warm_up(burst: Burst, services: Iterable[str]) -> None:
    """Have it read the services' models now: its first error of a service takes seconds."""
    burst.order(FAULTS[0].rules())
    patient = Config(read_timeout=30, retries={"total_max_attempts": 1})
    for service in services:
        make: Callable[..., Any] = boto3.client
        client = make(service, endpoint_url=burst.url, region_name="us-east-1", config=patient)
        with suppress(ClientError):
            getattr(client, _ANY_CALL[service])()
    burst.order([])
