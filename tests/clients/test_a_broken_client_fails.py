"""The list finds a client that is broken on purpose: each way is a small change of its source."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.clients.conformance import FOLDERS, Client, read, run_scripted, run_webhooks
from tools.needs import missing

# Language, file, what stands there, what to put in its place, a scenario that has to fail.
UNSIGNED = [
    (
        "php",
        "ElsomPayments.php",
        "if (hash_equals($wanted, $signature)) {",
        "if (true) {",
    ),
    (
        "mjs",
        "webhooks.js",
        "if (error instanceof WebhookVerificationError) continue;",
        "return eventOf(text);",
    ),
]
HASTY = [
    (
        "php",
        "ElsomPayments.php",
        "$retryAfter === null ? $ownPause : max(1, $retryAfter)",
        "0.1",
    ),
    (
        "mjs",
        "index.js",
        "retryAfter === undefined ? ownPause : Math.max(1000, retryAfter)",
        "100",
    ),
]
FORGETFUL = [
    (
        "php",
        "ElsomPayments.php",
        "['Idempotency-Key' => $idempotencyKey]",
        "['Idempotency-Key' => bin2hex(random_bytes(8))]",
    ),
    (
        "mjs",
        "index.js",
        '"Idempotency-Key": idempotencyKey',
        '"Idempotency-Key": crypto.randomUUID()',
    ),
]
Break = tuple[str, str, str, str]


def broken(copied: Callable[[str], Client], way: Break) -> Client:
    language, file, there, instead = way
    for tool in {"php": ["php"], "mjs": ["npm"]}.get(language, []):
        if missing(tool):
            pytest.skip(f"{tool} is missing: see the tests of the list")
    client = copied(language)
    path = client.source / file
    source = path.read_text()
    assert source.count(there) == 1, there
    path.write_text(source.replace(there, instead))
    return client


def failed(results: dict[str, list[str]]) -> set[str]:
    return {name for name, said in results.items() if said}


@pytest.mark.parametrize("way", UNSIGNED, ids=lambda way: way[0])
def test_one_that_does_not_check_the_signature(copied: Callable[[str], Client], way: Break) -> None:
    found = failed(run_webhooks(broken(copied, way)))
    assert {
        "a tampered body",
        "another event's id",
        "a new time on an old signature",
        "signed with another shop's secret",
        "the shop has taken its old secret away",
    } <= found
    assert "a valid webhook is taken in" not in found


@pytest.mark.parametrize("way", HASTY, ids=lambda way: way[0])
def test_one_that_ignores_retry_after(copied: Callable[[str], Client], way: Break) -> None:
    only = {one["name"] for one in read("scripted.json")["scenarios"] if waits(one)}
    assert failed(run_scripted(broken(copied, way), only)) == only
    assert len(only) >= 8


@pytest.mark.parametrize("way", FORGETFUL, ids=lambda way: way[0])
def test_one_that_repeats_with_another_key(copied: Callable[[str], Client], way: Break) -> None:
    only = {"409 while the first call runs, then success: the same key after Retry-After"}
    assert failed(run_scripted(broken(copied, way), only)) == only


def waits(scenario: dict[str, list[dict[str, float]]]) -> bool:
    """Whether the client has to wait for as long as Retry-After says."""
    return any(one.get("after", 0) >= 1 for one in scenario["exchanges"])


def test_every_client_is_broken_in_every_way() -> None:
    for ways in (UNSIGNED, HASTY, FORGETFUL):
        languages = {way[0] for way in ways}
        assert {FOLDERS[one] for one in languages} >= {"php", "node"}
