"""The built functions and their layer, and fresh processes of them."""

from __future__ import annotations

import compileall
import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from payments.domain.events import last_payment_event
from payments.domain.payment import Status
from tests.contract.handlers import event
from tests.fakes.delivery import payment_record
from tests.fakes.payments import a_payment
from tools.environments import ENVIRONMENTS, ROOT
from tools.local.servers import REGION

WORKER: Final = Path(__file__).with_name("worker.py")


class Took(NamedTuple):
    """CPU and wall seconds."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Artefact:
    """What `sam build` made, in `folder`: a bundle for each function, and the layer."""

    folder: Path

    @property
    def layer(self) -> Path:
        return self.folder / "PaymentsLayer" / "python"

    def bundle(self, function: str) -> Path:
        return self.folder / function

    def floor(self, environment: Mapping[str, str]) -> Took:
        """Import the layer's boto3, and make its client of DynamoDB."""
        return Took(*run([self.layer], environment, handler=False)["import"])

    def load(self, function: str, environment: Mapping[str, str]) -> Took:
        """Import the function's handler."""
        path = [self.bundle(function), self.layer]
        return Took(*run(path, environment, handler=True)["import"])

    def invoke(
        self, function: str, environment: Mapping[str, str], rounds: int = 0
    ) -> dict[str, Any]:
        """Import the handler and invoke it; what the worker writes."""
        path = [self.bundle(function), self.layer]
        task = {"event": EVENTS[function], "rounds": rounds}
        return run(path, environment, handler=True, **task)


def run(path: list[Path], environment: Mapping[str, str], **task: Any) -> dict[str, Any]:
    """One fresh process that imports from these folders alone, and what it found."""
    done = subprocess.run(
        # As on Lambda: nothing but bundle and layer to import from, and no bytecode written.
        [sys.executable, "-I", "-S", "-B", str(WORKER)],
        input=json.dumps({"path": [str(folder) for folder in path], **task}),
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def published(folder: Path) -> Path:
    """boto3 as it is published, the layer's version with all of its data, compiled as the layer is.

    Only what it needs is there: what else an environment holds would slow it.
    """
    for name in ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"):
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        source = Path(found.origin)
        if source.name == "__init__.py":
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source.parent, folder / name, ignore=leave)
        else:
            shutil.copy(source, folder)
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, maxlevels=99, quiet=1, invalidation_mode=unchecked)
    return folder


def build(folder: Path) -> Artefact:
    """Build the present source with the SAM CLI. Raises RuntimeError with what it said."""
    sam = ENVIRONMENTS["run"].folder / "bin" / "sam"
    settings = {"PYTHON": sys.executable, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION}
    done = subprocess.run(
        [sam, "build", "--template-file", "template.yaml", "--build-dir", folder],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return Artefact(folder)


def _message(body: str) -> dict[str, Any]:
    attributes = {"ApproximateReceiveCount": "1"}
    return {"Records": [{"messageId": "1", "attributes": attributes, "body": body}]}


def _change() -> tuple[dict[str, Any], str]:
    """A payment's way from pending to paid: the stream's batch, and the webhook's message."""
    pending = a_payment(Status.PENDING)
    paid = a_payment(Status.PAID, sequence=pending.sequence + 1, version=pending.version + 1)
    reported = last_payment_event(paid)
    return {"Records": [payment_record(pending, paid)]}, msgspec.json.encode(reported).decode()


_RECORDS, _WEBHOOK = _change()
# What each function is mostly called with.
EVENTS: Final[Mapping[str, dict[str, Any]]] = {
    "ElsomCallbackFunction": event("notification_paid"),
    "ScheduleChecksFunction": event("schedule_tick"),
    "StartPaymentFunction": event("start_payment"),
    "CheckPaymentFunction": event("check_scheduled"),
    "PaymentsApiFunction": event("get_payment"),
    "CustomerPagesFunction": event("result_page"),
    "PublishEventsFunction": _RECORDS,
    "DeliverWebhookFunction": _message(_WEBHOOK),
}
