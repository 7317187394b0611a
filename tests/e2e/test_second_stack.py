"""A second stack with a merchant of its own, set up by the documented commands alone."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployed import Deployed
from tests.shop import Shop
from tools.environments import ROOT
from tools.local.servers import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

SCRIPT = Path(__file__).with_name("second_stack.sh")
STACK = "second-shop"


@pytest.fixture
def environment(stack: Deployed) -> Iterator[dict[str, str]]:
    """Where the script finds the local AWS that runs; afterwards all is as it was."""
    cloud = stack.cloud
    portal = cloud.configure_sandbox("GET", "/_sandbox/portal")["url"]
    cloud.save()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    yield {
        **kept,
        "STATE_DIR": str(cloud.state),
        "AWS_PORT": str(cloud.aws.port),
        "SANDBOX_PORT": str(cloud.sandbox.port),
        "PYTHONPATH": "",
    }
    cloud.configure_sandbox("PUT", "/_sandbox/portal", {"url": portal})
    cloud.client("cloudformation").delete_stack(StackName=STACK)


@pytest.mark.timeout(300)
@pytest.mark.needs("make")
def test_the_script_ends_with_a_green_doctor_and_starts_are_sent_in_the_second_merchants_name(
    stack: Deployed, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [str(SCRIPT)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("All is well.")
    assert "second-password" not in done.stdout + done.stderr
    api = next(
        line.split()[-1].partition("/elsom/")[0]
        for line in done.stdout.splitlines()
        if line.startswith("Address for Elsom's merchant portal: ")
    )
    assert api != stack.outputs["ApiUrl"]
    shop = Shop(api, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    body = {"amount": "20.00", "orderId": "SECOND-1"}
    answer = shop.call("POST", "/payments", body, {"Idempotency-Key": "second-1"})
    # The sandbox knows one merchant, and this is another: it is asked in this one's name.
    assert (answer.status, answer.body["elsomErrorCode"]) == (422, "13"), answer
    (call,) = stack.calls(answer.body["paymentId"], "IA_Init")
    sent = json.loads(call["body"])["IA_Init"]
    assert (sent["PartnerCode"], sent["PmSISDN"]) == ("00777", "0909002003")
    assert sent["Password"] == "second-password"


@pytest.mark.parametrize("document", ["README.md", "docs/operate.md"])
def test_the_script_uses_only_documented_commands(document: str) -> None:
    text = (ROOT / document).read_text()
    commands = [
        line.partition(" | ")[2] or line
        for line in SCRIPT.read_text().splitlines()
        if line.startswith(("make", "echo", "./elsom"))
    ]
    assert len(commands) == 3
    for command in commands:
        # What a person is asked for, the script gives as options.
        assert command.partition(" --partner-code")[0] in text.splitlines(), command
