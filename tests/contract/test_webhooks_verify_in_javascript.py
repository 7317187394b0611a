"""The official JavaScript library of Standard Webhooks verifies what we sign, with each secret."""

import json
import os
import subprocess
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
from tests.fetched import node_modules

VERIFY = Path(__file__).with_name("verify.js")
STRANGER = "whsec_" + "c" * 40

pytestmark = pytest.mark.needs("node", "npm")


@pytest.fixture(scope="session")
def receiver() -> dict[str, str]:
    """The environment in which Node.js finds the library."""
    return {**os.environ, "NODE_PATH": str(node_modules())}


def verify(
    receiver: dict[str, str], secret: str, body: str, headers: dict[str, str]
) -> dict[str, Any]:
    finished = subprocess.run(
        ["node", VERIFY],
        env=receiver,
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
def test_each_secret_verifies(receiver: dict[str, str], secret: str) -> None:
    body, headers = signed(now_ms())
    assert verify(receiver, secret, body, headers) == {"event": json.loads(body)}


def test_another_secret_another_body_and_an_old_try_are_refused(receiver: dict[str, str]) -> None:
    body, headers = signed(now_ms())
    refused = {"refused": "WebhookVerificationError"}
    assert verify(receiver, STRANGER, body, headers) == refused
    assert verify(receiver, SECRETS[0], body.replace("paid", "fail"), headers) == refused
    old_body, old_headers = signed(now_ms() - HOUR)
    assert verify(receiver, SECRETS[0], old_body, old_headers) == refused
