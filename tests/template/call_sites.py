"""Every call of boto3 in the code, found in the source, and what each function needs by it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import botocore.session
from botocore import xform_name

from tests.template.call_graph import Code, Walk, read_all
from tests.template.stack import Resource, Stack
from tests.template.transform import ROOT, source

LAYER: Final = ROOT / "layers" / "payments" / "payments"
FUNCTIONS: Final = ROOT / "functions"
# Operations whose right is called otherwise.
CALLED: Final = {"sqs:SendMessageBatch": "sqs:SendMessage"}
# Operations that are not an action on a resource of a stack.
INDEXED: Final = "dynamodb:Query"


@dataclass(frozen=True)
class Site:
    """One call: the function it stands in, its service's action and its line."""

    within: str
    action: str
    line: int


@dataclass(frozen=True)
class Need:
    """What a function needs: an action on an ARN."""

    action: str
    resource: str


@cache
def code() -> Code:
    """The layer and the handlers."""
    return read_all({"payments": LAYER, "functions": FUNCTIONS})


@cache
def operations() -> dict[str, str]:
    """Method of a client → action, of the services that the code makes clients of."""
    session = botocore.session.get_session()
    found = {}
    for service in sorted(services()):
        model = session.get_service_model(service)
        for name in model.operation_names:
            action = f"{model.signing_name}:{name}"
            found[xform_name(name)] = CALLED.get(action, action)
    return found


@cache
def services() -> frozenset[str]:
    """The services that are named where a client is made."""
    return frozenset(
        node.args[0].value
        for _, node in calls()
        if ast.unparse(node.func).split(".")[-1].strip("_") == "client"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of the code, with the function or method it stands in."""
    for name, (_, _, node) in code().functions.items():
        for inner in ast.walk(node):
            if isinstance(inner, ast.Call):
                yield name, inner


@cache
def sites() -> tuple[Site, ...]:
    """Calls of a client: what it is called on is named `client`, or was just made."""
    return tuple(
        Site(within, operations()[node.func.attr], node.lineno)
        for within, node in calls()
        if isinstance(node.func, ast.Attribute)
        and node.func.attr in operations()
        and "client" in ast.unparse(node.func.value).lower()
    )


@cache
def reached(folder: str) -> Walk:
    """All that the handler in this folder of functions/ reaches."""
    walk = Walk(code())
    walk.start(f"functions.{folder}.handler")
    return walk


@cache
def indexes(folder: str) -> frozenset[str | None]:
    """The indexes that are queried on the way; None: the table itself."""
    found: set[str | None] = set()
    walk = reached(folder)
    for within, node in calls():
        if within not in walk.reached or not isinstance(node.func, ast.Attribute):
            continue
        name = next((one for one in node.keywords if one.arg == "index"), None)
        if name is not None and isinstance(name.value, ast.Constant):
            found.add(str(name.value.value))
        elif node.func.attr == "query" and name is None and "client" not in ast.unparse(node.func):
            found.add(None)
    return frozenset(found) | {
        day_index(value) for name, (_, value) in code().globals.items() if name in walk.reached
    } - {""}


def day_index(value: ast.expr) -> str:
    """The name of the index, if this is what the store calls a `DayIndex`; else nothing."""
    match value:
        case ast.Call(func=ast.Name(id="DayIndex"), args=[ast.Constant(value=str(name)), *_]):
            return name
    return ""


def variables(folder: str) -> frozenset[str]:
    """The settings that are read on the way, as variables of the environment."""
    return frozenset(
        name.upper() for owner, name in reached(folder).read_fields if owner.endswith(".Settings")
    )


def folder_of(function: str) -> str:
    """The folder in which a function's handler lies."""
    uri: str = source()["Resources"][function]["Properties"]["CodeUri"]
    return uri.strip("/").rsplit("/", 1)[-1]


def needs(stack: Stack, function: Resource) -> set[Need]:
    """All that the code of a function does with AWS."""
    folder = folder_of(function.logical_id)
    environment: dict[str, Any] = function.properties["Environment"]["Variables"]
    named = {environment[name] for name in variables(folder) if name in environment}
    found: set[Need] = set()
    for site in sites():
        if site.within in reached(folder).reached:
            for arn in _resources(stack, site.action.split(":")[0], named):
                found |= set(_of_index(site.action, arn, folder))
    return found


def _of_index(action: str, arn: str, folder: str) -> Iterator[Need]:
    if action != INDEXED:
        yield Need(action, arn)
        return
    for index in indexes(folder):
        yield Need(action, f"{arn}/index/{index}" if index else arn)


def _resources(stack: Stack, service: str, named: set[Any]) -> Iterator[str]:
    """The ARNs of this service among the values of variables."""
    for value in named:
        if value in ("", None):
            continue
        one = stack.named(value)
        if one is not None and one.arn.split(":")[2] == service:
            yield one.arn
    if service == "ssm":
        name = stack.known.get("ElsomCaBundleParameter")
        if name in named and name:
            yield stack.place.arn("ssm", f"parameter/{str(name).removeprefix('/')}")
