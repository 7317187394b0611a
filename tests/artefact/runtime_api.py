"""Lambda's Runtime API on 127.0.0.1, and AWS's own runtime client for a built bundle."""

from __future__ import annotations

import importlib.metadata
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

# On Lambda they lie in /var/runtime, beside nothing of ours.
RUNTIME_PACKAGES: Final = ("awslambdaric", "simplejson", "snapshot-restore-py")
ARN: Final = "arn:aws:lambda:us-east-1:111122223333:function:"
_PREFIX: Final = "/2018-06-01/runtime/"
# A handler that hangs ends the test, not the machine.
_SECONDS: Final = 60.0
# Function, layer, runtime: the order in which Lambda looks. No site-packages, so nothing can be
# borrowed from the environment that runs this.
_LAUNCH: Final = (
    "import runpy, sys;"
    "folders = sys.argv.pop(1).split(':');"
    "sys.path[:] = [*folders, *(one for one in sys.path if one)];"
    "runpy.run_module('awslambdaric', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Invocation:
    """One event, and what the function made of it: an answer, or an error as Lambda gets it."""

    request_id: str
    answer: Any = None
    error: dict[str, Any] | None = None


@dataclass
class Run:
    """One life of a function's process: its invocations, its log, and why it did not begin."""

    invocations: list[Invocation] = field(default_factory=list)
    init_error: dict[str, Any] | None = None
    log: list[str] = field(default_factory=list)


class RuntimeApi:
    """Hands out the events one by one and keeps the answers; after the last, nothing comes."""

    def __init__(self, function: str, events: Sequence[Any], timeout: int) -> None:
        self.run = Run()
        self.ended = threading.Event()
        self._function = function
        self._timeout = timeout
        self._left = list(enumerate(events))
        self._stopped: queue.Queue[None] = queue.Queue()

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        response = self._answer(request, request.path.removeprefix(_PREFIX).split("/"))
        return response(environ, start_response)

    def stop(self) -> None:
        """Let go of a client that still waits for an event."""
        self._stopped.put(None)

    def _answer(self, request: Request, path: list[str]) -> Response:
        match request.method, path:
            case "GET", ["invocation", "next"]:
                return self._next()
            case "POST", ["invocation", request_id, "response"]:
                answer = json.loads(request.get_data())
                self.run.invocations.append(Invocation(request_id, answer=answer))
            case "POST", ["invocation", request_id, "error"]:
                error = json.loads(request.get_data())
                self.run.invocations.append(Invocation(request_id, error=error))
            case "POST", ["init", "error"]:
                self.run.init_error = json.loads(request.get_data())
                self.ended.set()
            case _:
                return Response(status=404)
        return Response("{}", status=202, mimetype="application/json")

    def _next(self) -> Response:
        if not self._left:
            self.ended.set()
            self._stopped.get(timeout=_SECONDS)
            return Response(status=410)
        number, event = self._left.pop(0)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": f"0b1c6a3e-7b0e-4a51-9c53-00000000000{number}",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() + self._timeout) * 1000),
            "Lambda-Runtime-Invoked-Function-Arn": ARN + self._function,
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
        }
        return Response(json.dumps(event), headers=headers, mimetype="application/json")


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def _serving(api: RuntimeApi) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, api, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        api.stop()
        server.shutdown()
        server.server_close()
        thread.join()


def runtime_folder(folder: Path) -> Path:
    """AWS's runtime client alone in a folder, as links to where it is installed."""
    for package in RUNTIME_PACKAGES:
        files = importlib.metadata.distribution(package).files or []
        tops = {file.parts[0] for file in files if not file.parts[0].endswith(".dist-info")}
        for top in sorted(tops - {"..", "__pycache__"}):
            source = Path(str(importlib.metadata.distribution(package).locate_file(top)))
            (folder / top).symlink_to(source)
    return folder


def run_bundle(
    folders: Sequence[Path], handler: str, environment: Mapping[str, str], events: Sequence[Any]
) -> Run:
    """Give the events to a fresh process of the function; `folders` are bundle, layer, runtime."""
    name = environment["AWS_LAMBDA_FUNCTION_NAME"]
    api = RuntimeApi(name, events, timeout=28)
    path = ":".join(str(folder) for folder in folders)
    with _serving(api) as address:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", _LAUNCH, path, handler],
            cwd=folders[0],
            env={**environment, "AWS_LAMBDA_RUNTIME_API": address, "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            ended = _ended(api, process)
        finally:
            # Lambda ends a process like this too: while it waits for the next event.
            process.kill()
            log, _ = process.communicate()
    assert ended, f"{name} still runs after {_SECONDS} s: {log}"
    api.run.log = [line for line in log.splitlines() if line.strip()]
    return api.run


def _ended(api: RuntimeApi, process: subprocess.Popen[str]) -> bool:
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if api.ended.wait(0.1) or process.poll() is not None:
            return True
    return False
