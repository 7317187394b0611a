"""The grammar of policies, and that each action is one of its service and fits its resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_network
from typing import Any, Final

from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.template.iam import (
    NEGATIVES,
    OPERATORS,
    Document,
    actions_like,
    documents,
    identity_policies,
    listed,
    operator_of,
    resource_forms,
    services,
)
from tests.template.stack import Finding, Stack
from tests.template.transform import Json

KEYS: Final = {
    "Action", "Condition", "Effect", "NotAction", "NotPrincipal", "NotResource", "Principal",
    "Resource", "Sid",
}  # fmt: skip
# Characters without blanks: a managed policy, all inline policies of a role, a trust, a queue's.
LARGEST: Final = {"identity": 6_144, "inline": 10_240, "trust": 2_048, "resource": 20_480}
GLOBAL_KEYS: Final = {
    "calledvia", "calledviafirst", "calledvialast", "currenttime",
    "ec2instancesourceprivateipv4", "ec2instancesourcevpc", "epochtime", "federatedprovider",
    "multifactorauthage", "multifactorauthpresent", "principalaccount", "principalarn",
    "principalisawsservice", "principalorgid", "principalorgpaths", "principalservicename",
    "principalservicenameslist", "principaltype", "referer", "requestedregion",
    "resourceaccount", "resourceorgid", "resourceorgpaths", "securetransport", "sourceaccount",
    "sourcearn", "sourceidentity", "sourceip", "sourceorgid", "sourceorgpaths", "sourcevpc",
    "sourcevpce", "tagkeys", "tokenissuetime", "useragent", "userid", "username",
    "viaawsservice", "vpcsourceip",
}  # fmt: skip
PRINCIPALS: Final = re.compile(r"[a-z0-9][a-z0-9.-]*\.amazonaws\.com(\.cn)?")
# Services whose principals are not named like the actions' prefixes.
OTHER_PRINCIPALS: Final = {"delivery", "edgelambda", "cognito-idp", "ops", "vpc-flow-logs"}
# AWS's list names no resource for it, but a stream's ARN is taken: Lambda is given it this way.
ANY_RESOURCE: Final = {"dynamodb:liststreams"}


def policies(stack: Stack) -> Iterator[Finding]:
    """Every policy of the stack."""
    for policy in documents(stack):
        place = policy.place.lstrip(".")
        try:
            for text in _document(stack, policy):
                yield Finding(policy.owner, f"{place}: {text}")
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            yield Finding(policy.owner, f"{place}: has a value of the wrong kind: {error!r}")
    for role in stack.of("IAM::Role"):
        for arn in role.properties.get("ManagedPolicyArns", []):
            if not stack.named(arn, "IAM::ManagedPolicy") and arn not in managed(stack):
                yield Finding(role.logical_id, f"there is no managed policy {arn}")
        own = [one for one in identity_policies(stack, role.arn) if one.owner == role.logical_id]
        if sum(_size(one.text) for one in own) > LARGEST["inline"]:
            yield Finding(role.logical_id, "its inline policies are too large")
        names = [one.get("PolicyName") for one in role.properties.get("Policies", [])]
        if len(set(names)) != len(names):
            yield Finding(role.logical_id, "two inline policies have one name")


@cache
def _managed_names() -> frozenset[str]:
    known = json.loads(aws_managed_policies_data)
    return frozenset(f"{one['Path'][1:]}{name}" for name, one in known.items())


def managed(stack: Stack) -> set[str]:
    """The ARNs of AWS's own managed policies, as moto lists them."""
    return {f"arn:{stack.place.partition}:iam::aws:policy/{name}" for name in _managed_names()}


def _size(text: Any) -> int:
    return len(json.dumps(text, separators=(",", ":")))


def _document(stack: Stack, policy: Document) -> Iterator[str]:
    if policy.text.get("Version") != "2012-10-17":
        yield "its version is not 2012-10-17"
    if set(policy.text) - {"Id", "Statement", "Version"}:
        yield f"has {sorted(set(policy.text) - {'Id', 'Statement', 'Version'})}"
    given = listed(policy.text.get("Statement"))
    if not given or len(policy.statements) != len(given):
        yield "has no statement, or one that is none"
    if _size(policy.text) > LARGEST[policy.kind] and "Policies" not in policy.place:
        yield f"is larger than {LARGEST[policy.kind]} characters"
    sids = [one["Sid"] for one in policy.statements if "Sid" in one]
    if len(set(sids)) != len(sids):
        yield "two statements have one Sid"
    for statement in policy.statements:
        yield from _statement(stack, policy.kind, statement)


def _statement(stack: Stack, kind: str, statement: Json) -> Iterator[str]:
    if set(statement) - KEYS:
        yield f"a statement has {sorted(set(statement) - KEYS)}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"there is no effect {statement.get('Effect')}"
    if not re.fullmatch(r"[A-Za-z0-9]*", str(statement.get("Sid", ""))):
        yield f"the Sid {statement['Sid']} has more than letters and digits"
    for one, other in (("Action", "NotAction"), ("Resource", "NotResource")):
        if (one in statement) == (other in statement) and (kind, one) != ("trust", "Resource"):
            yield f"a statement has no {one}, or two"
    if kind == "trust" and {"Resource", "NotResource"} & set(statement):
        yield "a trust policy names a resource"
    yield from _principals(kind, statement)
    actions = listed(statement.get("Action", statement.get("NotAction", [])))
    resources = listed(statement.get("Resource", statement.get("NotResource", [])))
    if not actions or (not resources and kind != "trust"):
        yield "a statement has no action or no resource"
    yield from _actions(kind, actions)
    yield from _resources(stack, kind, actions, resources)
    yield from _conditions(statement.get("Condition", {}))


def _principals(kind: str, statement: Json) -> Iterator[str]:
    given = statement.get("Principal", statement.get("NotPrincipal"))
    if (given is None) != (kind == "identity"):
        yield "an identity's policy has a principal, or another has none"
    if given in (None, "*"):
        return
    if not isinstance(given, dict) or not given:
        yield f"there is no principal {given}"
        return
    for sort, names in given.items():
        if sort not in ("AWS", "CanonicalUser", "Federated", "Service"):
            yield f"there is no sort of principals {sort}"
        for name in listed(names) if sort == "Service" else []:
            head = str(name).split(".", maxsplit=1)[0]
            if not PRINCIPALS.fullmatch(str(name)) or head not in {*services(), *OTHER_PRINCIPALS}:
                yield f"there is no service {name}"
        for name in listed(names) if sort == "AWS" else []:
            if not re.fullmatch(r"\*|\d{12}|arn:aws[\w-]*:(iam|sts)::(\d{12}|aws):.+", str(name)):
                yield f"there is no principal {name}"


def _actions(kind: str, actions: list[Any]) -> Iterator[str]:
    for action in actions:
        if action == "*":
            continue
        if not isinstance(action, str) or not actions_like(action):
            yield f"there is no action {action}"
        elif kind == "trust" and not action.lower().startswith("sts:"):
            yield f"{action} is no action of a trust policy"


def _resources(stack: Stack, kind: str, actions: list[Any], resources: list[Any]) -> Iterator[str]:
    for resource in resources:
        if resource == "*" or str(resource).startswith("execute-api:/"):
            continue
        if not re.fullmatch(r"arn:[\w*-]+:[\w*-]+:[\w*-]*:(\d{12}|aws|\*)?:.+", str(resource)):
            yield f"{resource} is no ARN"
        elif str(resource).split(":")[1] not in (stack.place.partition, "*"):
            yield f"{resource} is in another partition"
    if kind != "trust" and "*" not in actions and "*" not in resources:
        yield from _unfit(actions, [str(one) for one in resources])


def _unfit(actions: list[Any], resources: list[str]) -> Iterator[str]:
    """Actions that find no resource to work on among those named, and resources without one."""
    meant = {one for pattern in actions for one in actions_like(str(pattern))}
    forms = {action: resource_forms(action) for action in meant}
    for action, known in forms.items():
        if not known and action not in ANY_RESOURCE:
            yield f"{action} works on no resource; it needs *"
        elif known and not any(_fits(known, one) for one in resources):
            yield f"{action} does not work on {resources}"
    for resource in resources:
        if any(forms.values()) and not any(_fits(known, resource) for known in forms.values()):
            yield f"no action of the statement works on {resource}"


def _fits(forms: tuple[str, ...], resource: str) -> bool:
    if resource.startswith("execute-api:/"):
        return any(":execute-api:" in form for form in forms)
    return any(re.fullmatch(form, resource) for form in forms)


def _conditions(condition: Any) -> Iterator[str]:
    if not isinstance(condition, dict):
        yield "a condition is no map"
        return
    for operator, block in condition.items():
        name = operator_of(operator)
        if name not in {*OPERATORS, *NEGATIVES, "Null"}:
            yield f"there is no operator {operator}"
        if not isinstance(block, dict) or not block:
            yield f"{operator} has no key"
            continue
        for key, wanted in block.items():
            if not _is_key(str(key)):
                yield f"there is no condition key {key}"
            if not listed(wanted):
                yield f"{key} is compared to nothing"
            for value in listed(wanted):
                yield from _operand(name, str(key), value)


def _is_key(key: str) -> bool:
    prefix, _, rest = key.lower().partition(":")
    if prefix == "aws":
        return rest in GLOBAL_KEYS or "tag/" in rest
    return bool(rest) and prefix in services()


def _operand(operator: str, key: str, value: Any) -> Iterator[str]:
    text = str(value)
    if "Arn" in operator and not text.startswith(("arn:", "*")):
        yield f"{key}: {text} is no ARN"
    if operator in ("Bool", "Null") and text.lower() not in ("true", "false"):
        yield f"{key}: {text} is no truth"
    if operator in ("IpAddress", "NotIpAddress"):
        try:
            ip_network(text)
        except ValueError:
            yield f"{key}: {text} is no range of addresses"
    if operator.startswith("Numeric") and not re.fullmatch(r"-?\d+(\.\d+)?", text):
        yield f"{key}: {text} is no number"
    if key.lower() == "aws:sourceaccount" and not re.fullmatch(r"\d{12}", text):
        yield f"{key}: {text} is no account"
