"""The conformance list, run with a client through the small program that speaks its language."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.clients.javascript import node
from tests.clients.scripted_server import KEY_ID, REGION, SECRET_KEY, serving_script

ROOT: Final = Path(__file__).parents[2]
CLIENTS: Final = ROOT / "clients"
# Which client a language has: PHP's runs in this machine's PHP, and in PHP 7.4.
FOLDERS: Final = {"py": "python", "php": "php", "php74": "php", "mjs": "node"}
LIST: Final = CLIENTS / "conformance"
# A call takes at most its deadline of 60 s, and one attempt more.
PATIENCE_SECONDS: Final = 100.0
KEYS: Final = {"accessKeyId": KEY_ID, "secretAccessKey": SECRET_KEY, "region": REGION}
ANY: Final = "{any}"


class Broken(Exception):
    """The runner itself failed: no result of the client."""


@dataclass(frozen=True)
class Client:
    """A client in one language; `source` is its folder, or a copy of it."""

    language: str
    source: Path

    def command(self) -> list[str]:
        """The program that makes the calls."""
        runner, source = str(LIST / f"run.{self.language}"), str(self.source)
        match self.language:
            case "py":
                return [sys.executable, runner]
            case "php":
                return ["php", runner, source]
            case "php74":
                return [node(), str(self.source / "php74.mjs"), str(LIST / "run.php"), source]
            case _:
                return [node(), runner, source]


@dataclass
class Runner:
    """A running client: one line of JSON in, one out."""

    process: subprocess.Popen[str]

    def call(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """What the call returned or raised. Raises Broken."""
        assert self.process.stdin
        assert self.process.stdout
        kill = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        kill.start()
        try:
            self.process.stdin.write(json.dumps(line) + "\n")
            self.process.stdin.flush()
            text = self.process.stdout.readline()
        except BrokenPipeError:
            text = ""
        finally:
            kill.cancel()
        try:
            found: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise Broken(f"it wrote {text!r} and {self.errors()!r}") from error
        return found

    def errors(self) -> str:
        """What it wrote beside its results, after its end."""
        assert self.process.stderr
        self.process.kill()
        return self.process.stderr.read()


@contextmanager
def running(client: Client) -> Iterator[Runner]:
    """A client that runs as long as the context; whatever it wrote beside its results fails."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(client.source),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = subprocess.Popen(
        client.command(),
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield Runner(process)
        assert process.stdin
        assert process.stderr
        process.stdin.close()
        assert process.stderr.read() == ""
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()


def read(name: str) -> dict[str, Any]:
    """One file of the list, what it names put in its place."""
    found: dict[str, Any] = json.loads((LIST / name).read_text())
    for scenario in found["scenarios"]:
        if isinstance(scenario.get("returns"), str):
            scenario["returns"] = found["documents"][scenario["returns"]]
        body = scenario.get("arguments", {}).get("body")
        if isinstance(body, dict):
            scenario["arguments"]["body"] = found["bodies"][body["named"]]
    return found


def names(file: str) -> list[str]:
    return [scenario["name"] for scenario in read(file)["scenarios"]]


def wrong(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What of a result is not as the scenario wants it."""
    kind = "returned" if "returns" in wanted else "raised"
    if kind not in found:
        return [f"it should have {kind}, but: {found}"]
    expected = wanted["returns"] if "returns" in wanted else wanted["raises"]
    return list(differences(expected, found[kind], kind))


def differences(wanted: Any, found: Any, at: str) -> Iterator[str]:
    """Where `found` has not all that is wanted; it may have more."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for name, value in wanted.items():
            yield from differences(value, found.get(name), f"{at}.{name}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{at}[{number}]")
    elif wanted == ANY:
        if not found:
            yield f"{at} is {found!r}"
    elif wanted != found or type(wanted) is not type(found):
        yield f"{at} is {found!r}, not {wanted!r}"


def run_scripted(client: Client, only: set[str] | None = None) -> dict[str, list[str]]:
    """Each scenario of the scripted list, and what the client does wrong in it."""
    listed = read("scripted.json")
    found = {}
    with serving_script(listed["documents"]) as server, running(client) as runner:
        for scenario in listed["scenarios"]:
            if only is not None and scenario["name"] not in only:
                continue
            server.begin(scenario["exchanges"])
            line = {
                "client": {**KEYS, "apiUrl": server.url, **scenario.get("client", {})},
                "call": scenario["call"],
                "arguments": scenario["arguments"],
            }
            began = time.monotonic()
            result = runner.call(line)
            seconds = time.monotonic() - began
            said = [*wrong(scenario, result), *server.mismatches]
            said += wrong_count(scenario, server.requests, server.left())
            if seconds > scenario.get("within", PATIENCE_SECONDS):
                said.append(f"it took {seconds:.1f} s, not {scenario['within']} s")
            if SECRET_KEY in json.dumps(result):
                said.append("it shows the secret key")
            found[scenario["name"]] = said
    return found


def wrong_count(scenario: Mapping[str, Any], requests: int, left: int) -> Iterator[str]:
    if left:
        yield f"{left} more requests were expected"
    if requests > scenario.get("mostRequests", 1_000):
        yield f"{requests} requests are a storm"
    if requests < scenario.get("leastRequests", 0):
        yield f"only {requests} requests came"


def run_webhooks(client: Client) -> dict[str, list[str]]:
    """Each recorded webhook, and what the client does wrong with it."""
    found = {}
    with running(client) as runner:
        for scenario in read("webhooks.json")["scenarios"]:
            result = runner.call({"call": scenario["call"], "arguments": scenario["arguments"]})
            said = wrong(scenario, result)
            if any(len(one) > 8 and one in json.dumps(result) for one in secrets_in(scenario)):
                said.append("it shows a secret")
            found[scenario["name"]] = said
    return found


def secrets_in(scenario: Mapping[str, Any]) -> list[str]:
    return [one.strip().removeprefix("whsec_") for one in scenario["arguments"]["secrets"]]
