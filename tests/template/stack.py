"""A template with everything filled in: each resource as CloudFormation would ask AWS for it.

What cannot be filled in (a reference to nothing, an attribute that a type does not have) is found
on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.template.intrinsic import NOTHING, Resolver
from tests.template.physical import (
    Place,
    arn_of,
    attribute_of,
    generated_name,
    name_property,
    ref_of,
)
from tests.template.transform import ACCOUNT, REGION, Json

type Check = Callable[[Stack, Resource], Iterator[str]]
LISTS: Final = ("CommaDelimitedList", "List<")


@dataclass(frozen=True)
class Finding:
    """What an opinion says; `resource` is a logical id, or names a part such as `Parameters.X`."""

    resource: str
    text: str

    def __str__(self) -> str:
        return f"{self.resource}: {self.text}"


@dataclass
class Resource:
    """One resource that is made with the stack's parameters."""

    logical_id: str
    kind: str
    properties: Json
    name: str
    ref: str
    arn: str


@dataclass
class Stack:
    """A transformed template with parameters, in a region."""

    template: Json
    values: dict[str, str]
    region: str = REGION
    account: str = ACCOUNT
    findings: list[Finding] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.region, self.account)

    @cached_property
    def resolver(self) -> Resolver:
        return Resolver(self.template, self.known, self._reference, self._attribute)

    @cached_property
    def known(self) -> Json:
        """Parameters in their types, and pseudo parameters."""
        found = dict(self.place.pseudo)
        for name, one in (self.template.get("Parameters") or {}).items():
            found[name] = typed(
                str(self.values.get(name, one.get("Default", ""))), str(one.get("Type"))
            )
        return found

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Every resource whose condition holds, by its logical id."""
        made = {}
        for logical_id, raw in self.template["Resources"].items():
            if not self.is_made(logical_id):
                continue
            given = raw.get("Properties")
            properties = self._filled(logical_id, given if isinstance(given, dict) else {})
            kind, name = str(raw.get("Type")), self._name(logical_id)
            made[logical_id] = Resource(
                logical_id, kind, properties, name, ref_of(kind, name, self.place),
                arn_of(kind, name, self.place, str(properties.get("EventBusName", ""))),
            )  # fmt: skip
        return made

    @cached_property
    def outputs(self) -> Json:
        """The outputs' values."""
        return {
            name: self._filled(f"Outputs.{name}", one.get("Value"))
            for name, one in (self.template.get("Outputs") or {}).items()
            if "Condition" not in one or self.resolver.holds(one["Condition"])
        }

    def is_made(self, logical_id: str) -> bool:
        """Whether the resource's condition holds."""
        condition = self.template["Resources"][logical_id].get("Condition")
        if condition is None:
            return True
        try:
            return self.resolver.holds(condition)
        except ValueError as error:
            self.findings.append(Finding(logical_id, str(error)))
            return True

    def of(self, *kinds: str) -> Iterator[Resource]:
        """The resources of these types; `AWS::` goes before each."""
        wanted = {f"AWS::{kind}" for kind in kinds}
        return (one for one in self.resources.values() if one.kind in wanted)

    def each(self, checks: Mapping[str, Check]) -> Iterator[Finding]:
        """What the check of its type says of each resource; what cannot be read is a finding."""
        for kind, check in checks.items():
            for one in self.of(kind):
                yield from self.handle_errors(one.logical_id, check, one)

    def handle_errors(self, logical_id: str, check: Check, one: Resource) -> Iterator[Finding]:
        """What a check says; a value that it cannot even read is a finding too."""
        try:
            for text in check(self, one):
                yield Finding(logical_id, text)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            yield Finding(logical_id, f"has a value of the wrong kind: {error!r}")

    def named(self, value: Any, *kinds: str) -> Resource | None:
        """The resource that a reference, name or ARN means."""
        wanted = {f"AWS::{kind}" for kind in kinds}
        for one in self.resources.values():
            if value in (one.ref, one.arn, one.name) and (not kinds or one.kind in wanted):
                return one
        return None

    def _filled(self, where: str, node: Any) -> Any:
        found = self.resolver.value(node, lambda text: self.findings.append(Finding(where, text)))
        return {} if found is NOTHING else found

    def _name(self, logical_id: str) -> str:
        raw = self.template["Resources"][logical_id]
        kind = str(raw.get("Type"))
        if kind == "AWS::ApiGateway::RestApi":
            return generated_name(kind, logical_id)
        properties = raw.get("Properties")
        given = (properties if isinstance(properties, dict) else {}).get(name_property(kind))
        value = self.resolver.value(given, lambda _: None) if given is not None else None
        return value if isinstance(value, str) else generated_name(kind, logical_id)

    def _reference(self, name: str) -> str:
        """What a reference to a resource gives. Raises ValueError."""
        return ref_of(self._kind_of(name), self._name(name), self.place)

    def _attribute(self, name: str, attribute: str) -> str:
        """What an attribute of a resource gives. Raises ValueError."""
        kind = self._kind_of(name)
        if attribute not in attributes(kind, self.region):
            raise ValueError(f"{name} ({kind}) has no attribute {attribute}")
        properties = self.template["Resources"][name].get("Properties")
        raw = properties if isinstance(properties, dict) else {}
        bus = self.resolver.value(raw.get("EventBusName", ""), lambda _: None)
        return attribute_of(kind, attribute, self._name(name), self.place, str(bus))

    def _kind_of(self, name: str) -> str:
        if name not in self.template["Resources"]:
            raise ValueError(f"there is no resource or parameter {name}")
        if not self.is_made(name):
            raise ValueError(f"{name} is not made with these parameters")
        return str(self.template["Resources"][name].get("Type"))


def attributes(kind: str, region: str) -> set[str]:
    """What `Fn::GetAtt` gives for a type, by the registry."""
    try:
        return set(PROVIDER_SCHEMA_MANAGER.get_type_getatts(kind, region))
    except Exception as error:  # the library's own errors have no common base
        raise ValueError(f"there is no type {kind} in {region}") from error


def typed(text: str, kind: str) -> Any:
    """A parameter's value as CloudFormation hands it on."""
    if kind == "Number" and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text.split(",") if kind.startswith(LISTS) else text
