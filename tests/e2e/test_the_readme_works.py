"""The README's own calls, word for word: curl, and the Python client, to a verified webhook."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.deployed import Deployed, eventually
from tests.receiver import Received, Receiver

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.ru.md"]


def block(readme: str, language: str, word: str) -> str:
    """The README's code block of this language that has this word in it."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / readme).read_text(), re.M | re.S)
    (found,) = (text for text in blocks if word in text)
    return str(found)


@pytest.fixture(scope="module")
def caller(stack: Deployed) -> Iterator[dict[str, str]]:
    """What a shop has: a user's own keys with the caller policy, and the API's address."""
    iam = stack.cloud.client("iam")
    iam.create_user(UserName="shop")
    iam.attach_user_policy(UserName="shop", PolicyArn=stack.outputs["PaymentsCallerPolicyArn"])
    key = iam.create_access_key(UserName="shop")["AccessKey"]
    yield {
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "API_URL": stack.cloud.api_url,
    }
    iam.delete_access_key(UserName="shop", AccessKeyId=key["AccessKeyId"])
    iam.detach_user_policy(UserName="shop", PolicyArn=stack.outputs["PaymentsCallerPolicyArn"])
    iam.delete_user(UserName="shop")


def webhook(receiver: Receiver, payment_id: str, event_type: str) -> Received:
    def reported() -> list[Received]:
        return [one for one in receiver.about(payment_id) if one.event["type"] == event_type]

    return eventually(reported)[0]


@pytest.mark.parametrize("readme", READMES)
def test_curl_alone_starts_a_payment(stack: Deployed, caller: dict[str, str], readme: str) -> None:
    environment = {"PATH": os.environ["PATH"], **caller}
    command = block(readme, "sh", "--aws-sigv4").replace("order-A-1001", f"curl-{readme}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command.replace("curl ", "curl -sS ", 1)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    payment = json.loads(done.stdout)
    assert (payment["status"], payment["amount"]) == ("pending", "1500.00")
    assert payment["checkoutUrl"].startswith(stack.cloud.api_url)


def test_a_wrong_key_may_not_call(caller: dict[str, str]) -> None:
    environment = {"PATH": os.environ["PATH"], **caller, "AWS_SECRET_ACCESS_KEY": "wrong"}
    command = block("README.md", "sh", "--aws-sigv4").replace("curl ", "curl -sS ", 1)
    done = subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert "id" not in json.loads(done.stdout)


@pytest.mark.parametrize("readme", READMES)
def test_the_client_takes_a_payment_to_a_verified_webhook(
    stack: Deployed,
    receiver: Receiver,
    caller: dict[str, str],
    readme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in caller.items():
        monkeypatch.setenv(name, value)
    start, verify = block(readme, "python", "ElsomPayments").split("\nevent = ")
    names: dict[str, Any] = {"API_URL": caller["API_URL"]}
    exec(start.replace("order-A-1001", f"client-{readme}"), names)
    payment = names["payment"]
    assert payment.checkout_url.startswith(caller["API_URL"])

    stack.set_status(payment.id, "A", notify=True)
    reported = webhook(receiver, payment.id, "payment.paid")
    names |= {"body": reported.body, "headers": reported.headers}
    names["SECRETS"] = stack.secret["webhookSecrets"]
    exec(f"event = {verify}", names)
    assert names["event"].type == "payment.paid"
    assert names["event"].payment.order_id == "A-1001"
    assert names["api"].wait(payment.id).status == "paid"
    with pytest.raises(Exception, match="matches no secret"):
        names["verify_webhook"](reported.body + b" ", reported.headers, names["SECRETS"])
