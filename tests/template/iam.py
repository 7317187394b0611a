"""An IAM simulator: whether policies let an action through, and what a statement may say at all."""

from __future__ import annotations

import fnmatch
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import cfnlint

from tests.template.stack import Stack
from tests.template.transform import Json

type Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Document:
    """One policy of a stack. `kind`: trust, identity or resource."""

    owner: str
    kind: str
    place: str
    text: Json

    @property
    def statements(self) -> list[Json]:
        given = self.text.get("Statement", [])
        return [one for one in listed(given) if isinstance(one, dict)]


def documents(stack: Stack) -> Iterator[Document]:
    """Every policy of every resource."""
    for one in stack.resources.values():
        for place, found in _within(one.properties, ""):
            if place.endswith("AssumeRolePolicyDocument"):
                kind = "trust"
            else:
                kind = "identity" if one.kind.startswith("AWS::IAM::") else "resource"
            yield Document(one.logical_id, kind, place, found)


def _within(node: Any, place: str) -> Iterator[tuple[str, Json]]:
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from _within(item, f"{place}.{number}")
    elif isinstance(node, dict):
        if "Statement" in node:
            yield place, node
            return
        for key, item in node.items():
            yield from _within(item, f"{place}.{key}")


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# ---------------------------------------------------------------- what AWS's services know


@cache
def services() -> dict[str, Json]:
    """Every service's actions and resources, from the list that cfn-lint ships."""
    folder = Path(str(cfnlint.__file__)).parent / "data" / "AdditionalSpecs"
    found: dict[str, Json] = json.loads((folder / "Policies.json").read_text())
    return found


@cache
def actions_like(pattern: str) -> tuple[str, ...]:
    """The actions that a statement's action means, in lower case."""
    service, _, name = pattern.lower().partition(":")
    known = services().get(service, {}).get("Actions", {})
    return tuple(f"{service}:{one}" for one in known if fnmatch.fnmatchcase(one, name))


@cache
def resource_forms(action: str) -> tuple[str, ...]:
    """Patterns of the ARNs that an action works on; none where it knows no resource."""
    service, _, name = action.partition(":")
    known = services().get(service, {})
    kinds = (known.get("Actions", {}).get(name) or {}).get("Resources") or []
    kinds = [kinds] if isinstance(kinds, str) else kinds
    found: list[str] = []
    for kind in kinds:
        described = known.get("Resources", {}).get(kind) or {}
        found += described.get("ARNFormats") or ["arn:.*"]
    return tuple(re.sub(r"\$\{\w+\}", "[^:]*", form) for form in found)


# ---------------------------------------------------------------- the simulator


@dataclass(frozen=True)
class Request:
    """Who wants what: an action on an ARN, by a principal, with condition keys."""

    action: str
    resource: str
    principal: str = ""
    context: Mapping[str, str] = field(default_factory=dict)


def allows(policies: Iterable[Document], request: Request) -> bool:
    """Whether something allows it and nothing denies it."""
    effects = [
        statement.get("Effect")
        for policy in policies
        for statement in policy.statements
        if applies(statement, request, policy.kind)
    ]
    return "Allow" in effects and "Deny" not in effects


def applies(statement: Statement, request: Request, kind: str = "identity") -> bool:
    """Whether a statement speaks of this request."""
    if kind != "identity" and not _principal(statement, request.principal):
        return False
    if not _matches(statement, "Action", request.action.lower(), str.lower):
        return False
    if kind != "trust" and not _matches(statement, "Resource", request.resource, str):
        return False
    return all(
        _condition(operator, key, listed(wanted), request.context)
        for operator, block in (statement.get("Condition") or {}).items()
        for key, wanted in block.items()
    )


def _principal(statement: Statement, principal: str) -> bool:
    given = statement.get("Principal")
    if given == "*":
        return True
    named = [one for kind in (given or {}).values() for one in listed(kind)]
    return "*" in named or principal in named


def _matches(statement: Statement, key: str, value: str, change: Callable[[str], str]) -> bool:
    patterns = statement.get(key, statement.get(f"Not{key}"))
    if patterns is None:
        return False
    found = any(glob(change(str(one)), value) for one in listed(patterns))
    return found is (key in statement)


def glob(pattern: str, value: str) -> bool:
    """IAM's own wildcards: `*` and `?`, nothing else."""
    form = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(form, value, re.DOTALL) is not None


def _in_network(pattern: str, value: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(pattern, strict=False)


OPERATORS: Final[dict[str, Callable[[str, str], bool]]] = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringEqualsIgnoreCase": lambda pattern, value: pattern.lower() == value.lower(),
    "StringLike": glob,
    "ArnEquals": glob,
    "ArnLike": glob,
    "IpAddress": _in_network,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
    "BinaryEquals": lambda pattern, value: pattern == value,
    "NumericEquals": lambda pattern, value: float(pattern) == float(value),
    "NumericLessThan": lambda pattern, value: float(value) < float(pattern),
    "NumericLessThanEquals": lambda pattern, value: float(value) <= float(pattern),
    "NumericGreaterThan": lambda pattern, value: float(value) > float(pattern),
    "NumericGreaterThanEquals": lambda pattern, value: float(value) >= float(pattern),
    "DateEquals": lambda pattern, value: value == pattern,
    "DateLessThan": lambda pattern, value: value < pattern,
    "DateLessThanEquals": lambda pattern, value: value <= pattern,
    "DateGreaterThan": lambda pattern, value: value > pattern,
    "DateGreaterThanEquals": lambda pattern, value: value >= pattern,
}
# The negative of each is true where the key is not there.
NEGATIVES: Final = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
}


def operator_of(name: str) -> str:
    """A condition's operator without what stands before and behind it."""
    bare = name.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
    return bare.removesuffix("IfExists")


def _condition(operator: str, key: str, wanted: list[Any], context: Mapping[str, str]) -> bool:
    name = operator_of(operator)
    value = next((one for own, one in context.items() if own.lower() == key.lower()), None)
    if name == "Null":
        return (value is None) is (str(wanted[0]).lower() == "true")
    negative = name in NEGATIVES
    if value is None:
        return negative or operator.endswith("IfExists") or operator.startswith("ForAllValues:")
    found = any(OPERATORS[NEGATIVES.get(name, name)](str(one), value) for one in wanted)
    return found is not negative


# ---------------------------------------------------------------- the roles of a stack


def identity_policies(stack: Stack, role_arn: str) -> list[Document]:
    """All that a role of the stack is given: inline, and by managed policies of the stack."""
    role = stack.named(role_arn, "IAM::Role")
    if role is None:
        return []
    owners = {role.logical_id}
    for arn in role.properties.get("ManagedPolicyArns", []):
        policy = stack.named(arn, "IAM::ManagedPolicy")
        owners |= {policy.logical_id} if policy else set()
    for one in stack.of("IAM::Policy", "IAM::ManagedPolicy"):
        if role.ref in one.properties.get("Roles", []):
            owners.add(one.logical_id)
    return [one for one in documents(stack) if one.owner in owners and one.kind == "identity"]


def may(stack: Stack, role_arn: str, action: str, resource: str, **context: str) -> bool:
    """Whether a role of the stack may do this."""
    keys = {key.replace("__", ":"): value for key, value in context.items()}
    request = Request(action, resource, context=keys)
    return allows(identity_policies(stack, role_arn), request)


def resource_allows(
    stack: Stack, owners: Iterable[str], principal: str, action: str, arn: str, source: str
) -> bool:
    """Whether the policies of these resources let a service in, for what `source` wants."""
    context = {"aws:SourceArn": source, "aws:SourceAccount": stack.account}
    wanted = set(owners)
    policies = [one for one in documents(stack) if one.owner in wanted and one.kind == "resource"]
    return allows(policies, Request(action, arn, principal, context))
