"""The simulator decides as IAM documents it, and the graph finds what a handler reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.template.call_graph import Walk, read_all
from tests.template.iam import Document, Request, actions_like, allows, resource_forms

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:checks"


def decided(request: Request, *statements: dict[str, Any], kind: str = "identity") -> bool:
    return allows([Document("one", kind, "", {"Statement": list(statements)})], request)


def allow(**given: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE, **given}


def send(**context: str) -> Request:
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    return Request("sqs:SendMessage", QUEUE, "events.amazonaws.com", keys)


@pytest.mark.parametrize(
    ("statement", "through"),
    [
        (allow(), True),
        (allow(Action=["sqs:Get*", "SQS:sendmessage"]), True),
        (allow(Action="sqs:SendMessageBatch"), False),
        (allow(Action="*"), True),
        (allow(Action="sqs:Send?essage"), True),
        (allow(Resource="*"), True),
        (allow(Resource=f"{QUEUE}-other"), False),
        (allow(Resource="arn:aws:sqs:*:*:check?"), True),
        (allow(Effect="Deny"), False),
        ({"Effect": "Allow", "NotAction": "sqs:DeleteMessage", "Resource": QUEUE}, True),
        ({"Effect": "Allow", "NotAction": "sqs:Send*", "Resource": QUEUE}, False),
        ({"Effect": "Allow", "Action": "sqs:*", "NotResource": QUEUE}, False),
    ],
)
def test_actions_and_resources(statement: dict[str, Any], through: bool) -> None:
    assert decided(send(), statement) is through


def test_a_denial_counts_more_than_any_permission_and_nothing_said_is_a_denial() -> None:
    assert not decided(send(), allow(), allow(Effect="Deny", Action="sqs:*"))
    assert not decided(send())


@pytest.mark.parametrize(
    ("condition", "context", "through"),
    [
        ({"StringEquals": {"aws:SourceAccount": "1"}}, {"aws__SourceAccount": "1"}, True),
        ({"StringEquals": {"AWS:sourceaccount": ["2", "1"]}}, {"aws__SourceAccount": "1"}, True),
        ({"StringEquals": {"aws:SourceAccount": "1"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "1"}}, {}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, {}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "1"}}, {"aws__SourceAccount": "1"}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:*:x"}}, {"aws__SourceArn": "arn:aws:x"}, True),
        ({"Null": {"aws:SourceArn": "true"}}, {}, True),
        ({"Null": {"aws:SourceArn": "false"}}, {}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws__SecureTransport": "true"}, False),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, {"aws__SourceIp": "192.0.2.9"}, True),
        ({"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, {"aws__SourceIp": "192.0.2.9"}, False),
        ({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3__max-keys": "9"}, True),
        (
            {"StringEquals": {"aws:SourceAccount": "1"}, "ArnEquals": {"aws:SourceArn": "a"}},
            {"aws__SourceAccount": "1"},
            False,
        ),
    ],
)
def test_conditions(condition: Any, context: dict[str, str], through: bool) -> None:
    assert decided(send(**context), allow(Condition=condition)) is through


@pytest.mark.parametrize(
    ("principal", "through"),
    [
        ({"Service": "events.amazonaws.com"}, True),
        ({"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}, True),
        ({"Service": "sns.amazonaws.com"}, False),
        ("*", True),
        ({"AWS": "123456789012"}, False),
    ],
)
def test_principals(principal: Any, through: bool) -> None:
    assert decided(send(), allow(Principal=principal), kind="resource") is through


def test_actions_and_their_resources_are_aws_s_own() -> None:
    assert actions_like("sqs:SendMessage*") == ("sqs:sendmessage",)
    assert actions_like("sqs:SendMessages") == ()
    assert any("sqs" in form for form in resource_forms("sqs:sendmessage"))
    assert resource_forms("ec2:describesubnets") == ()


SOURCE = """
from __future__ import annotations
from typing import Protocol

class Store(Protocol):
    def keep(self) -> None: ...

class Table:
    def __init__(self, client: object) -> None:
        self._client = client

    def keep(self) -> None:
        self._client.put_item()

    def drop(self) -> None:
        self._client.delete_item()

class Deps:
    store: Store

def table() -> Table:
    return Table(None)

def serve(deps: Deps) -> None:
    deps.store.keep()

def never(deps: Deps) -> None:
    table().drop()

ROUTES = {"a": serve}

def lambda_handler(event: object, context: object) -> None:
    made = table()
    ROUTES["a"](made)
"""


def test_the_graph_follows_annotations_protocols_and_tables_of_functions(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(SOURCE)
    walk = Walk(read_all({"": tmp_path}))
    walk.start("handler")
    assert "handler.serve" in walk.reached
    assert "handler.Table.keep" in walk.reached
    assert "handler.never" not in walk.reached
    assert "handler.Table.drop" not in walk.reached
