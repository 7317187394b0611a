"""The servers of a local cloud: how each is started, and how it shows that it is ready."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from cli.errors import CliError
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


@dataclass(frozen=True)
class Server:
    """One background server. `made_of` changes with its program and settings.

    `scratch` is a folder of its own, empty whenever it begins.
    """

    name: str
    title: str
    setting: str
    port: int
    health_path: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    made_of: str
    scratch: Path | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def is_healthy(self) -> bool:
        try:
            return requests.get(self.url + self.health_path, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def launch(self) -> Process:
        """Begin to start it. Raises CliError when its port is taken."""
        self.require_free_port()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch.mkdir(parents=True)
        return processes.start(
            self.command, self.environment, self.log, made_of=self.made_of, port=self.port
        )

    def require_free_port(self) -> None:
        if not processes.port_is_free(self.port):
            raise CliError(
                f"Port {self.port} is taken by another program: free it, or choose another one with"
                f" {self.setting}=... (for example: make run {self.setting}={self.port + 1})."
            )

    def wait_until_ready(self, process: Process) -> None:
        """Return once it answers. Raises CliError when it ends or takes too long."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_healthy():
            said = None
            if not process.is_running():
                said = "ended while it started"
            elif time.monotonic() > deadline:
                said = f"was not ready after {READY_SECONDS:.0f} s"
            if said:
                processes.stop(process)
                raise CliError(f"The {self.title} {said}; its log is {self.log}.")
            time.sleep(0.1)


def local_aws(state: Path, port: int) -> Server:
    environment = ENVIRONMENTS["local-aws"]
    # Every function's worker unpacks its layer here; nothing clears it but us.
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
    return Server(
        *("aws", "local AWS", "AWS_PORT", port, "/_ministack/ready"),
        command=[str(environment.python), "-m", "ministack.app"],
        environment=settings,
        log=state / "logs" / "aws.log",
        made_of=digest([json.dumps(settings), environment.wanted()]),
        scratch=scratch,
    )


def sandbox(state: Path, port: int) -> Server:
    words = ["sandbox", "--host", LOOPBACK, "--state-file", str(state / "sandbox.db")]
    start = ("sandbox", "Elsom sandbox", "SANDBOX_PORT", port, "/_sandbox/health")
    return _ours(state, *start, words=words, folders=["sandbox"])


def demo_shop(state: Path, port: int) -> Server:
    words = ["demo_shop", "--stack", str(state / "stack.json")]
    start = ("shop", "demo shop", "DEMO_PORT", port, "/health")
    return _ours(state, *start, words=words, folders=["demo_shop", "clients/python"])


def desk(state: Path, port: int) -> Server:
    words = ["desk", "--stack-file", str(state / "stack.json")]
    return _ours(
        state,
        *("desk", "desk", "DESK_PORT", port, "/health"),
        words=words,
        folders=["desk", "clients/python"],
    )


def _ours(
    state: Path,
    name: str,
    title: str,
    setting: str,
    port: int,
    health_path: str,
    *,
    words: list[str],
    folders: list[str],
) -> Server:
    """A server in Python whose source lies in these folders of the checkout."""
    sources = [path for folder in folders for path in sorted((ROOT / folder).rglob("*"))]
    files = [path for path in sources if path.is_file() and path.suffix != ".pyc"]
    return Server(
        *(name, title, setting, port, health_path),
        command=[sys.executable, "-m", *words, "--port", str(port)],
        environment={
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "clients" / "python"))),
            "PYTHONUNBUFFERED": "1",
            # No leftovers in the source tree.
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        log=state / "logs" / f"{name}.log",
        made_of=digest([str(port), *(path.read_bytes().hex() for path in files)]),
    )


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

    def ensure(self, server: Server) -> bool:
        """Have the server running; True when it had to be started. Raises CliError."""
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
        entries = {name: asdict(one) for name, one in {**known, server.name: process}.items()}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(entries, indent=2))
        server.wait_until_ready(process)
        return True

    def stop(self) -> list[str]:
        """End what is still ours; the names of what was running."""
        stopped = [name for name, process in self.read().items() if processes.stop(process)]
        self.file.unlink(missing_ok=True)
        return stopped
