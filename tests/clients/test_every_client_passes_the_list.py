"""Every client does in every scenario of clients/conformance what the scenario says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from standardwebhooks import Webhook

from tests.clients.conformance import Client, names, read, run_webhooks, running, wrong
from tests.clients.deployed_list import run_steps
from tests.deployed import Deployed, eventually
from tests.receiver import Received, Receiver

Results = dict[str, list[str]]
# The first test deploys the stack, and has all clients run the scripted list.
pytestmark = pytest.mark.timeout(300)
DEPLOYED = {one["name"]: one for one in read("deployed.json")["scenarios"]}


@pytest.mark.parametrize("scenario", names("scripted.json"))
def test_against_a_server_that_answers_as_the_scenario_says(
    scripted: Callable[[str], Results], language: str, scenario: str
) -> None:
    assert scripted(language)[scenario] == []


def test_with_every_recorded_webhook(clients: Callable[[str], Client], language: str) -> None:
    found = run_webhooks(clients(language))
    assert {name: said for name, said in found.items() if said} == {}
    assert len(found) == len(names("webhooks.json")) > 50


@pytest.mark.parametrize("scenario", DEPLOYED)
def test_against_the_deployed_stack(
    stack: Deployed,
    caller: dict[str, str],
    clients: Callable[[str], Client],
    language: str,
    scenario: str,
) -> None:
    with running(clients(language)) as runner:
        assert run_steps(stack, caller, runner, DEPLOYED[scenario]) == []


def test_a_webhook_of_the_deployed_stack_is_verified(
    stack: Deployed, receiver: Receiver, clients: Callable[[str], Client], language: str
) -> None:
    payment = stack.start(metadata={"корзина": "Ысык-Көл"}).body["id"]
    stack.set_status(payment, "A", notify=True)
    paid = eventually(lambda: of_type(receiver, payment, "payment.paid"))[0]
    arguments = {"body": paid.body.decode(), "headers": paid.headers}
    good = {**arguments, "secrets": stack.secret["webhookSecrets"]}
    bad = {**good, "body": good["body"].replace('"paid"', '"free"')}
    with running(clients(language)) as runner:
        found = runner.call({"call": "verifyWebhook", "arguments": good})
        refused = runner.call({"call": "verifyWebhook", "arguments": bad})
    assert wrong({"returns": {**paid.event, "payment": {"id": payment}}}, found) == []
    assert wrong({"raises": {"class": "WrongSignature"}}, refused) == []


def test_the_recorded_signatures_are_those_of_the_standards_library() -> None:
    valid = [one for one in read("webhooks.json")["scenarios"] if "returns" in one]
    assert len(valid) == 8
    for scenario in valid:
        given = scenario["arguments"]
        with time_machine.travel(given["now"], tick=False):
            events = [verified(secret, given) for secret in given["secrets"]]
        assert scenario["returns"]["eventId"] in {event.get("eventId") for event in events}


def verified(secret: str, given: dict[str, Any]) -> dict[str, Any]:
    """The event, or nothing where this secret signed no part of it."""
    signatures = given["headers"].get("webhook-signature", "").split(" ")
    whole = [one for one in signatures if one.count(",") == 1 and one.isascii()]
    headers = dict(given["headers"])
    if whole:
        headers["webhook-signature"] = " ".join(whole)
    try:
        found: dict[str, Any] = Webhook(secret).verify(given["body"], headers)
    except Exception:  # noqa: BLE001 - the library has more than one
        return {}
    return found


def of_type(receiver: Receiver, payment: str, event_type: str) -> list[Received]:
    return [one for one in receiver.about(payment) if one.event["type"] == event_type]


def test_no_two_scenarios_have_one_name() -> None:
    for file in ("scripted.json", "webhooks.json", "deployed.json"):
        found = names(file)
        assert len(found) == len(set(found)), json.dumps(found)
