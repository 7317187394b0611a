"""The official JavaScript library of Standard Webhooks verifies what we sign, with each secret."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest

from payments.domain.clock import HOUR, now_ms
from payments.domain.events import last_payment_event
from payments.domain.payment import Status
from payments.webhooks.rules import webhook_headers
from tests.fakes.delivery import SECRETS
from tests.fakes.payments import a_payment
from tools.environments import LOCAL

SOURCE = Path(__file__).parent / "javascript"
FILES = ("package.json", "package-lock.json", "verify.js")
STRANGER = "whsec_" + "c" * 40

pytestmark = pytest.mark.needs("node", "npm")


@pytest.fixture(scope="session")
def receiver() -> Path:
    """A folder with the library, installed once for these very pins."""
    made_of = hashlib.sha256(b"\0".join((SOURCE / name).read_bytes() for name in FILES))
    folder = LOCAL / "webhook-receiver" / made_of.hexdigest()[:16]
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        for name in FILES:
            shutil.copy(SOURCE / name, temporary)
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
            cwd=temporary,
            check=True,
            timeout=100,
        )
        try:
            os.rename(temporary, folder)  # noqa: PTH104 - at once, beside another run's
        except OSError:
            assert folder.is_dir()
        Path(temporary).mkdir(exist_ok=True)
    return folder


def verify(receiver: Path, secret: str, body: str, headers: dict[str, str]) -> dict[str, Any]:
    finished = subprocess.run(
        ["node", "verify.js"],
        cwd=receiver,
        input=json.dumps({"secret": secret, "body": body, "headers": headers}),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def signed(now: int) -> tuple[str, dict[str, str]]:
    event = last_payment_event(a_payment(Status.PAID, metadata={"имя": "Ысык-Көл"}))
    assert event is not None
    body = msgspec.json.encode(event).decode()
    return body, webhook_headers(event.event_id, body, now, SECRETS)


@pytest.mark.parametrize("secret", SECRETS)
def test_each_secret_verifies(receiver: Path, secret: str) -> None:
    body, headers = signed(now_ms())
    assert verify(receiver, secret, body, headers) == {"event": json.loads(body)}


def test_another_secret_another_body_and_an_old_try_are_refused(receiver: Path) -> None:
    body, headers = signed(now_ms())
    refused = {"refused": "WebhookVerificationError"}
    assert verify(receiver, STRANGER, body, headers) == refused
    assert verify(receiver, SECRETS[0], body.replace("paid", "fail"), headers) == refused
    old_body, old_headers = signed(now_ms() - HOUR)
    assert verify(receiver, SECRETS[0], old_body, old_headers) == refused
