"""The tests that clients have in their own language, their types, and their one version."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

import payments
from tests.clients.conformance import CLIENTS, ROOT, Client
from tests.clients.javascript import beside_packages, node

API = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())["components"]["schemas"]
TYPES = (CLIENTS / "node" / "index.d.ts").read_text()


def done(command: list[str], **more: Any) -> str:
    """What the command wrote; its failure is this test's."""
    finished = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=100, **more
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return str(finished.stdout)


@pytest.mark.needs("php", "phpunit")
def test_phpunit() -> None:
    strict = ["--fail-on-risky", "--fail-on-warning", "--fail-on-incomplete", "--fail-on-skipped"]
    command = ["phpunit", "--do-not-cache-result", *strict, str(CLIENTS / "php" / "tests")]
    said = done(command, env={"PATH": os.environ["PATH"]})
    assert re.search(r"^OK \(\d{2,} tests", said, re.M), said


@pytest.mark.needs("npm")
def test_node_test(copied: Callable[[str], Client]) -> None:
    said = done([node(), "--test", "--test-reporter=tap"], cwd=copied("mjs").source)
    passed = re.search(r"^# pass (\d+)$", said, re.M)
    assert passed, said
    assert int(passed[1]) >= 10
    assert "\n# skipped 0\n" in said


@pytest.mark.needs("npm")
def test_the_types_of_node_are_what_a_shop_writes(copied: Callable[[str], Client]) -> None:
    compiler = beside_packages() / "node_modules" / "typescript" / "bin" / "tsc"
    options = ["--noEmit", "--strict", "--exactOptionalPropertyTypes"]
    target = ["--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom,dom.iterable"]
    done([node(), str(compiler), *options, *target, "types/shop.ts"], cwd=copied("mjs").source)


def declared(interface: str) -> set[str]:
    """The fields of an interface in Node's types."""
    body = re.search(rf"^export interface {interface} {{\n(.*?)^}}", TYPES, re.M | re.S)
    assert body, interface
    return set(re.findall(r"^  (\w+)\??:", body[1], re.M))


def test_the_types_of_node_have_the_fields_of_the_api() -> None:
    assert declared("Payment") == set(API["Payment"]["properties"])
    assert declared("StartRequest") == {*API["PaymentRequest"]["properties"], "idempotencyKey"}
    assert declared("Case") >= set(API["Case"]["properties"])


def test_the_types_of_node_have_every_event_and_status() -> None:
    schema = json.loads((ROOT / "docs" / "events" / "events.schema.json").read_text())
    events = set(schema["$defs"]["EventType"]["enum"])
    assert set(re.findall(r'^  \| "([a-z._]+)"', TYPES, re.M)) == events
    statuses = re.search(r"type PaymentStatus = (.*);", TYPES)
    assert statuses
    assert set(re.findall(r'"(\w+)"', statuses[1])) == set(API["Status"]["enum"])


def test_every_client_has_the_bundles_version() -> None:
    package = json.loads((CLIENTS / "node" / "package.json").read_text())
    assert package["version"] == payments.__version__
    php = (CLIENTS / "php" / "ElsomPayments.php").read_text()
    assert f"const VERSION = '{payments.__version__}';" in php


def test_the_packages_of_node_are_tested_at_the_version_that_it_names() -> None:
    package = json.loads((CLIENTS / "node" / "package.json").read_text())
    pins = json.loads((ROOT / "requirements" / "node" / "package.json").read_text())
    for name, wanted in package["dependencies"].items():
        assert wanted == f"^{pins['devDependencies'][name]}"


def test_no_client_writes_what_it_does() -> None:
    """A log could hold a secret: a client has none."""
    writes = re.compile(r"\b(?:console\.|error_log|syslog|print\(|logging\.getLogger\(__name__)")
    sources = [*(CLIENTS / "php").glob("*.php"), *(CLIENTS / "node").glob("*.js")]
    assert len(sources) >= 5
    assert not [path.name for path in sources if writes.search(path.read_text())]
