"""Run as `python -I -S -B worker.py`: one fresh process of a function, which measures itself.

Reads its task as JSON from stdin: `path` (folders to import from), `handler` (false: only boto3
and its client of DynamoDB, the floor), `event` and `rounds`. Writes JSON to stdout: CPU and wall
seconds of the import and of the first invocation, then of each round's invocation (`calls`) and
of the same AWS and HTTP calls made bare (`bare`).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

Task = dict[str, Any]


def main() -> None:
    task: Task = json.load(sys.stdin)
    # What the functions print is their log, not our answer.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.path[:] = [*task["path"], *(path for path in sys.path if path)]
    found: dict[str, Any] = {"import": took(load_function if task["handler"] else load_floor)}
    if task.get("event") is not None:
        handle = sys.modules["handler"].lambda_handler
        found["first"] = took(lambda: handle(task["event"], Context()))
        if task["rounds"]:
            found |= compare(lambda: handle(task["event"], Context()), task["rounds"])
    json.dump(found, answer)


def load_floor() -> None:
    import boto3  # noqa: PLC0415 - the import is what is measured

    boto3.client("dynamodb")


def load_function() -> None:
    __import__("handler")


def took(action: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of an action."""
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return time.process_time() - cpu, time.perf_counter() - wall


def compare(invoke: Callable[[], object], rounds: int) -> dict[str, Any]:
    """CPU seconds of an invocation and of its bare calls, by turns."""
    recorder = Recorder()
    invoke()
    recorder.stop()
    found: dict[str, Any] = {"calls": [], "bare": [], "made": recorder.names}
    for _ in range(rounds):
        found["calls"].append(took(invoke)[0])
        found["bare"].append(took(recorder.repeat)[0])
    return found


class Context:
    """What Lambda tells a function about its invocation."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:111122223333:function:function"
    aws_request_id = "0b1c6a3e-7b0e-4a51-9c53-5f1f6b2f7f10"

    def get_remaining_time_in_millis(self) -> int:
        return 28_000


class Recorder:
    """Notes the AWS and HTTP calls of one invocation, and makes the same ones bare."""

    def __init__(self) -> None:
        from payments.aws.clients import client  # noqa: PLC0415

        self.names: list[str] = []
        self._calls: list[Callable[[], object]] = []
        self._clients = {
            name: client(name) for name in ("dynamodb", "events", "secretsmanager", "sqs")
        }
        for name, one in self._clients.items():
            one.meta.events.register_first(f"provide-client-params.{name}", self._note_aws)
        self._requests = sys.modules.get("requests")
        if self._requests:
            # The product's HTTP client works below requests' sessions.
            self._sends = self._requests.adapters.HTTPAdapter.send
            self._requests.adapters.HTTPAdapter.send = self._note_http

    def stop(self) -> None:
        for name, one in self._clients.items():
            one.meta.events.unregister(f"provide-client-params.{name}", self._note_aws)
        if self._requests:
            self._requests.adapters.HTTPAdapter.send = self._sends

    def repeat(self) -> None:
        for call in self._calls:
            call()

    def _note_aws(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        from botocore import xform_name  # noqa: PLC0415 - only once the path is set

        service = model.service_model.service_name
        method = getattr(self._clients[service], xform_name(model.name))
        given = dict(params)
        self.names.append(f"{service} {model.name}")
        self._calls.append(lambda: method(**given))

    @property
    def _note_http(self) -> Callable[..., Any]:
        def note(adapter: Any, request: Any, **options: Any) -> Any:
            library: Any = self._requests
            kept = {"data": request.body, "headers": request.headers, "timeout": options["timeout"]}
            self.names.append(f"http {request.method}")
            self._calls.append(lambda: library.post(request.url, **kept))
            return self._sends(adapter, request, **options)

        return note


if __name__ == "__main__":
    main()
