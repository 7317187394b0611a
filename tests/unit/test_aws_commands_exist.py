"""AWS knows the services, operations and options of every `aws` command that a page shows."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from tests.unit.test_docs_hold import PAGES, ROOT, name

# What the command line adds to every operation, and the commands that are its own.
COMMON = {"query", "output", "cli-input-json", "region", "profile", "max-items"}
OWN = {("logs", "tail"): {"since", "follow"}}
COMMAND = re.compile(r"\baws ([a-z0-9]+) ([a-z0-9-]+)(?: ([a-z][a-z-]*)(?= ))?")


@cache
def operations(service: str) -> dict[str, set[str]]:
    """Every operation of a service with its options. Raises UnknownServiceError."""
    session = botocore.session.get_session()
    model = session.get_service_model(service)
    found = {}
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        options = {xform_name(member, "-") for member in shape.members} if shape else set()
        found[xform_name(operation, "-")] = options | {f"no-{option}" for option in options}
    try:
        waiters = session.get_waiter_model(service)
    except UnknownServiceError:  # the service has no waiters
        return found
    for waiter in waiters.waiter_names:
        waited = found[xform_name(waiters.get_waiter(waiter).operation, "-")]
        found[f"wait {xform_name(waiter, '-')}"] = waited
    return found


def wrong_words(text: str) -> list[str]:
    """What AWS does not know of the commands in a text: services, operations, options."""
    wrong = []
    matches = list(COMMAND.finditer(text))
    ends = [match.start() for match in matches[1:]] + [len(text)]
    for match, end in zip(matches, ends, strict=False):
        service, operation, waiter = match.groups()
        if operation == "wait":
            operation = f"wait {waiter}"
        line = text[match.end() : end].partition("\n")[0]
        given = set(re.findall(r" --([a-z][a-z-]+)", f" {line}")) - COMMON
        known = OWN.get((service, operation))
        if known is None and service in botocore.session.get_session().get_available_services():
            known = operations(service).get(operation)
        if known is None:
            wrong.append(f"aws {service} {operation}")
        else:
            wrong += [f"aws {service} {operation} --{option}" for option in given - known]
    return wrong


def shown(page: Path) -> str:
    """The page's shell blocks, each command on one line."""
    blocks = re.findall(r"^ *```sh[^\n]*\n(.*?)^ *```", page.read_text(), re.M | re.S)
    return re.sub(r" *\\\n *", " ", "\n".join(blocks))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_aws_knows_every_command_that_a_page_shows(page: Path) -> None:
    assert wrong_words(shown(page)) == []


def test_there_are_commands_to_check() -> None:
    pages = [ROOT / "docs" / page for page in ("operate.md", "runbook.md")]
    assert sum(len(COMMAND.findall(shown(page))) for page in pages) > 15


@pytest.mark.parametrize(
    "text",
    [
        "aws dynamodb describe-tables",
        "aws dynamo describe-table --table-name x",
        "aws dynamodb describe-table --table x",
        "aws dynamodb wait table-there --table-name x",
        'aws lambda get-function --function-name "$(aws sqs get-queue --queue-url x)"',
        'aws logs tail "$(physical Group)" --sinse 1h',
    ],
)
def test_a_word_that_aws_does_not_know_is_found(text: str) -> None:
    assert len(wrong_words(text)) == 1
