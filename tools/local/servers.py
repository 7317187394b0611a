"""The servers of a local cloud: how each is started, and how it shows that it is ready."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.environments import ENVIRONMENTS, ROOT
from tools.local import processes
from tools.local.processes import LOOPBACK, Process

REGION = "us-east-1"
# The local AWS's root; it exists nowhere else.
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 - the local AWS's root, which has no secret
READY_SECONDS = 60.0

# Only what the template uses is loaded.
SERVICES = (
    "apigateway,cloudformation,dynamodb,dynamodbstreams,events,iam,kms,lambda,logs,monitoring,"
    "s3,scheduler,secretsmanager,sns,sqs,ssm,sts,tagging"
)


class ServerError(Exception):
    """A server could not be started; the text is one sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Server:
    """One background server. `made_of` changes with its program and settings."""

    name: str
    title: str
    setting: str
    port: int
    health_path: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    made_of: str
    prepare: Callable[[], None]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + self.health_path, timeout=5) as answer:  # noqa: S310 - our own http URL
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def launch(self) -> Process:
        """Begin to start it. Raises ServerError when its port is taken."""
        self.require_free_port()
        self.prepare()
        return processes.start(
            self.command, self.environment, self.log, made_of=self.made_of, port=self.port
        )

    def require_free_port(self) -> None:
        if not processes.port_is_free(self.port):
            raise ServerError(
                f"Port {self.port} is taken by another program: free it, or choose another one with"
                f" {self.setting}=... (for example: make run {self.setting}={self.port + 1})."
            )

    def wait_until_ready(self, process: Process) -> None:
        """Return once it answers. Raises ServerError when it ends or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_healthy():
            if not process.is_running():
                raise ServerError(
                    f"The {self.title} ended while it started; its log is {self.log}."
                )
            if time.monotonic() > deadline:
                processes.stop(process)
                raise ServerError(
                    f"The {self.title} was not ready after {READY_SECONDS:.0f} s;"
                    f" its log is {self.log}."
                )
            time.sleep(0.1)


def local_aws(state: Path, port: int) -> Server:
    environment = ENVIRONMENTS["local-aws"]
    scratch = state / "aws-tmp"
    # A clean environment: functions inherit it, and must not see this machine's credentials.
    settings = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "BIND_HOST": LOOPBACK,
        "MINISTACK_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SERVICES": SERVICES,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }

    def prepare() -> None:
        # Every function's worker unpacks its layer here; nothing clears it but us.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)

    return Server(
        name="aws",
        title="local AWS",
        setting="AWS_PORT",
        port=port,
        health_path="/_ministack/ready",
        command=[str(environment.python), "-m", "ministack.app"],
        environment=settings,
        log=state / "logs" / "aws.log",
        made_of=digest([json.dumps(settings), environment.wanted()]),
        prepare=prepare,
    )


def sandbox(state: Path, port: int) -> Server:
    sources = files("sandbox")
    settings = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        # No leftovers in the source tree.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Server(
        name="sandbox",
        title="Elsom sandbox",
        setting="SANDBOX_PORT",
        port=port,
        health_path="/_sandbox/health",
        command=[
            *(sys.executable, "-m", "sandbox", "--host", LOOPBACK, "--port", str(port)),
            *("--state-file", str(state / "sandbox.db")),
        ],
        environment=settings,
        log=state / "logs" / "sandbox.log",
        made_of=digest([str(port), *(path.read_bytes().hex() for path in sources)]),
        prepare=lambda: None,
    )


def demo_shop(state: Path, port: int) -> Server:
    sources = files("demo_shop") + files("clients/python/elsom_payments_client")
    settings = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "clients" / "python"))),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    stack_file = state / "stack.json"
    return Server(
        name="shop",
        title="demo shop",
        setting="DEMO_PORT",
        port=port,
        health_path="/health",
        command=[
            *(sys.executable, "-m", "demo_shop", "--port", str(port), "--stack", str(stack_file)),
        ],
        environment=settings,
        log=state / "logs" / "shop.log",
        made_of=digest([str(port), *(path.read_bytes().hex() for path in sources)]),
        prepare=lambda: None,
    )


def files(folder: str) -> list[Path]:
    """A program's files: it is started again when one of them changes."""
    found = (ROOT / folder).rglob("*")
    return sorted(path for path in found if path.is_file() and path.suffix != ".pyc")


def digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class Roster:
    """The processes that a state folder's servers run in, kept in `processes.json`."""

    def __init__(self, state: Path) -> None:
        self.file = state / "processes.json"

    def read(self) -> dict[str, Process]:
        if not self.file.exists():
            return {}
        return {name: Process(**entry) for name, entry in json.loads(self.file.read_text()).items()}

    def write(self, entries: Mapping[str, Process]) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(
            json.dumps({name: asdict(entry) for name, entry in entries.items()}, indent=2)
        )

    def ensure(self, server: Server) -> bool:
        """Have the server running; True when it had to be started. Raises ServerError."""
        known = self.read()
        process = known.get(server.name)
        if process and process.is_running():
            if process.made_of == server.made_of and server.is_healthy():
                return False
            if process.port != server.port:
                # What runs now is kept where the other port cannot be had.
                server.require_free_port()
            processes.stop(process)
        process = server.launch()
        # Written down first: should we be interrupted while it starts, it can still be ended.
        self.write({**known, server.name: process})
        server.wait_until_ready(process)
        return True

    def stop(self) -> list[str]:
        """End what is still ours; the names of what was running."""
        stopped = [name for name, process in self.read().items() if processes.stop(process)]
        self.file.unlink(missing_ok=True)
        return stopped
