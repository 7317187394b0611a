"""The list finds a client that is broken on purpose: each way is a small change of its source."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.conformance import Client, read, run_scripted, run_webhooks
from tests.clients.languages import marked

# Language, file, what stands there, what to put in its place.
UNSIGNED = [
    marked(
        "py",
        "elsom_payments_client/webhooks.py",
        "Webhook(key).verify(body, signed, json_parse=False)",
        "Webhook(key)",
    ),
    marked(
        "php",
        "ElsomPayments.php",
        "if (hash_equals($wanted, $signature)) {",
        "if (true) {",
    ),
    marked(
        "mjs",
        "webhooks.js",
        "if (error instanceof WebhookVerificationError) continue;",
        "return eventOf(text);",
    ),
]
HASTY = [
    marked(
        "py",
        "elsom_payments_client/client.py",
        "pause = own if wanted is None else max(wanted, _SHORTEST_WAIT)",
        "pause = 0.1",
    ),
    marked(
        "php",
        "ElsomPayments.php",
        "$retryAfter === null ? $ownPause : max(1, $retryAfter)",
        "0.1",
    ),
    marked(
        "mjs",
        "index.js",
        "retryAfter === undefined ? ownPause : Math.max(1000, retryAfter)",
        "100",
    ),
]
FORGETFUL = [
    marked(
        "py",
        "elsom_payments_client/client.py",
        '{"Idempotency-Key": key}',
        '{"Idempotency-Key": f"{random.random()}"}',
    ),
    marked(
        "php",
        "ElsomPayments.php",
        "['Idempotency-Key' => $idempotencyKey]",
        "['Idempotency-Key' => bin2hex(random_bytes(8))]",
    ),
    marked(
        "mjs",
        "index.js",
        '"Idempotency-Key": idempotencyKey',
        '"Idempotency-Key": crypto.randomUUID()',
    ),
]
BREAK = ("language", "file", "there", "instead")


@pytest.fixture
def broken(
    copied: Callable[[str], Client], language: str, file: str, there: str, instead: str
) -> Client:
    client = copied(language)
    path = client.source / file
    source = path.read_text()
    assert source.count(there) == 1, there
    path.write_text(source.replace(there, instead))
    return client


def failed(results: dict[str, list[str]]) -> set[str]:
    return {name for name, said in results.items() if said}


@pytest.mark.parametrize(BREAK, UNSIGNED)
def test_one_that_does_not_check_the_signature(broken: Client) -> None:
    found = failed(run_webhooks(broken))
    assert {
        "a tampered body",
        "another event's id",
        "a new time on an old signature",
        "signed with another shop's secret",
        "the shop has taken its old secret away",
    } <= found
    assert "a valid webhook is taken in" not in found


@pytest.mark.parametrize(BREAK, HASTY)
def test_one_that_ignores_retry_after(broken: Client) -> None:
    only = {one["name"] for one in read("scripted.json")["scenarios"] if waits(one)}
    assert failed(run_scripted(broken, only)) == only
    assert len(only) >= 8


@pytest.mark.parametrize(BREAK, FORGETFUL)
def test_one_that_repeats_with_another_key(broken: Client) -> None:
    only = {"409 while the first call runs, then success: the same key after Retry-After"}
    assert failed(run_scripted(broken, only)) == only


def waits(scenario: dict[str, list[dict[str, float]]]) -> bool:
    """Whether the client has to wait for as long as Retry-After says."""
    return any(one.get("after", 0) >= 1 for one in scenario["exchanges"])
