"""The rights that the template gives to functions, one by one, and how one is taken away."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.deployed import Deployed
from tests.template.transform import source

POLICY = "own"
# Every function writes logs and traces by the same two statements, held by tests/template.
SAME_FOR_ALL = ("logs:", "xray:")


class Right(NamedTuple):
    """One action on one resource; `resource` is a logical id, or an index below one."""

    function: str
    action: str
    resource: str

    def __str__(self) -> str:
        return "-".join(self)


# What Lambda itself does with a function's role to read its event source, by AWS's own list.
SQS_SOURCE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
STREAM_SOURCE = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
OF_EVENT_SOURCES = {
    *(Right("CheckPayment", action, "ChecksQueue") for action in SQS_SOURCE),
    *(Right("DeliverWebhook", action, "WebhooksQueue") for action in SQS_SOURCE),
    *(Right("PublishEvents", action, "PaymentsTable/stream") for action in STREAM_SOURCE),
}


def rights() -> list[Right]:
    """Every right that a function of the template has for its work."""
    found: dict[Right, None] = {}
    for role in source()["Resources"]:
        function = role.removesuffix("Role")
        if f"{function}Function" not in source()["Resources"] or function == role:
            continue
        for statement in _statements(role):
            for action in _listed(statement["Action"]):
                if not action.startswith(SAME_FOR_ALL):
                    for resource in _listed(statement["Resource"]):
                        found[Right(function, action, _label(resource))] = None
    return list(found)


@contextmanager
def without(stack: Deployed, *taken: Right) -> Iterator[None]:
    """Take rights of one function away; give everything back at the end."""
    if not taken:
        yield
        return
    iam = stack.cloud.client("iam")
    role = stack.resource(f"{taken[0].function}Role")
    before = iam.get_role_policy(RoleName=role, PolicyName=POLICY)["PolicyDocument"]
    after = copy.deepcopy(before)
    for right in taken:
        after["Statement"] = _less(after["Statement"], right)
    try:
        _put(iam, role, after)
        yield
    finally:
        _put(iam, role, before)


def _put(iam: Any, role: str, document: dict[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=json.dumps(document))


def _less(statements: list[dict[str, Any]], right: Right) -> list[dict[str, Any]]:
    """The deployed statements without this right; those of the template are in the same order."""
    written = {one["Sid"]: one for one in _statements(f"{right.function}Role")}
    left: list[dict[str, Any]] = []
    changed = False
    for statement in statements:
        template = written.get(statement["Sid"].removesuffix("Rest"))
        actions = _listed(statement["Action"])
        if template is None or right.action not in actions:
            left.append(statement)
            continue
        named = [_label(one) for one in _listed(template["Resource"])]
        kept = [
            arn
            for arn, name in zip(_listed(statement["Resource"]), named, strict=True)
            if name != right.resource
        ]
        if len(kept) == len(named):
            left.append(statement)
            continue
        changed = True
        others = [action for action in actions if action != right.action]
        if others:
            left.append({**statement, "Action": others})
        if kept:
            sid = f"{statement['Sid']}Rest"
            left.append({**statement, "Sid": sid, "Action": right.action, "Resource": kept})
    assert changed, f"{right} is not in the deployed policy"
    return left


def _statements(role: str) -> list[dict[str, Any]]:
    (policy,) = source()["Resources"][role]["Properties"]["Policies"]
    assert policy["PolicyName"] == POLICY
    return [
        statement["Fn::If"][1] if "Fn::If" in statement else statement
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def _label(resource: Any) -> str:
    match resource:
        case {"Fn::GetAtt": [str(name), "StreamArn"]}:
            return f"{name}/stream"
        case {"Fn::GetAtt": [str(name), _]}:
            return name
        case {"Fn::Sub": str(text)} if ":ssm:" in text:
            return "CaBundle"
        case {"Fn::Sub": str(text)}:
            return text.replace("${", "").replace(".Arn}", "")
    raise NotImplementedError(resource)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
