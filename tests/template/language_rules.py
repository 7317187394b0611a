"""What CloudFormation says of a template before it makes anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.template.stack import Finding, Stack, attributes
from tests.template.transform import Json

SECTIONS: Final = {
    "AWSTemplateFormatVersion", "Conditions", "Description", "Mappings", "Metadata", "Outputs",
    "Parameters", "Resources", "Rules",
}  # fmt: skip
# Kinds of parts: how many there may be.
MOST: Final = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}
OF_A_RESOURCE: Final = {
    "Condition", "CreationPolicy", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type",
    "UpdatePolicy", "UpdateReplacePolicy",
}  # fmt: skip
KEEPS: Final = {"Delete", "Retain", "RetainExceptOnCreate"}
WITH_SNAPSHOTS: Final = ("AWS::EC2::Volume", "AWS::ElastiCache", "AWS::Neptune", "AWS::RDS",
                         "AWS::Redshift", "AWS::DocDB")  # fmt: skip
OF_SOME: Final = {
    "CreationPolicy": {
        "AWS::AppStream::Fleet", "AWS::AutoScaling::AutoScalingGroup", "AWS::EC2::Instance",
        "AWS::CloudFormation::WaitCondition",
    },
    "UpdatePolicy": {
        "AWS::AppStream::Fleet", "AWS::AutoScaling::AutoScalingGroup",
        "AWS::ElastiCache::ReplicationGroup", "AWS::Elasticsearch::Domain", "AWS::Lambda::Alias",
        "AWS::OpenSearchService::Domain",
    },
}  # fmt: skip
PSEUDO: Final = {
    "AWS::AccountId", "AWS::NoValue", "AWS::NotificationARNs", "AWS::Partition", "AWS::Region",
    "AWS::StackId", "AWS::StackName", "AWS::URLSuffix",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")
_FUNCTION = re.compile(r"^(Fn::|Ref$)")


def language(stack: Stack) -> Iterator[Finding]:
    """Sections, limits, resources' own attributes and all that refers to something."""
    yield from _whole(stack.template)
    yield from _mappings(stack.template)
    for name, raw in stack.template["Resources"].items():
        yield from _resource(stack, name, raw)
        yield from _references(stack, name, raw)
    for name in stack.template.get("Outputs") or {}:
        yield from _references(stack, f"Outputs.{name}", stack.template["Outputs"][name])
    for name, one in (stack.template.get("Conditions") or {}).items():
        yield from _references(stack, f"Conditions.{name}", one, conditional=True)
        try:
            stack.resolver.holds(name)
        except (ValueError, RecursionError) as error:
            yield Finding(f"Conditions.{name}", str(error))
    yield from _cycles(stack.template)
    yield from _outputs(stack)
    _ = stack.resources
    yield from stack.findings


def _whole(template: Json) -> Iterator[Finding]:
    for section in set(template) - SECTIONS:
        yield Finding(section, "there is no such section")
    if template.get("AWSTemplateFormatVersion", "2010-09-09") != "2010-09-09":
        yield Finding("AWSTemplateFormatVersion", "is not 2010-09-09")
    if len(str(template.get("Description", "")).encode()) > 1024:
        yield Finding("Description", "is longer than 1,024 bytes")
    if len(json.dumps(template)) > 1_000_000:
        yield Finding("Resources", "the template is larger than 1 MB")
    for section, most in MOST.items():
        found = template.get(section) or {}
        if len(found) > most:
            yield Finding(section, f"there are {len(found)}, and may be {most}")
        for name in found:
            if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
                yield Finding(name if section == "Resources" else f"{section}.{name}", "its name")


def _mappings(template: Json) -> Iterator[Finding]:
    for name, table in (template.get("Mappings") or {}).items():
        for key, row in table.items() if isinstance(table, dict) else [("", None)]:
            if not isinstance(row, dict) or any(isinstance(cell, dict) for cell in row.values()):
                yield Finding(f"Mappings.{name}", f"{key} is no row of texts, numbers or lists")


def _resource(stack: Stack, name: str, raw: Json) -> Iterator[Finding]:
    for key in set(raw) - OF_A_RESOURCE:
        yield Finding(name, f"there is no attribute {key} of a resource")
    for key in ("Metadata", "Properties"):
        if not isinstance(raw.get(key, {}), dict):
            yield Finding(name, f"its {key} are no map")
    kind = str(raw.get("Type"))
    try:
        attributes(kind, stack.region)
    except ValueError as error:
        yield Finding(name, str(error))
    if raw.get("Condition") not in (None, *(stack.template.get("Conditions") or {})):
        yield Finding(name, f"there is no condition {raw['Condition']}")
    yield from (Finding(name, text) for text in _policies(raw, kind))
    depends = raw.get("DependsOn", [])
    for other in [depends] if isinstance(depends, str) else depends:
        if other not in stack.template["Resources"]:
            yield Finding(name, f"depends on {other}, which is not there")
        elif other == name:
            yield Finding(name, "depends on itself")


def _policies(raw: Json, kind: str) -> Iterator[str]:
    """What becomes of a resource, of which only some types know some words."""
    snapshot = {"Snapshot"} if kind.startswith(WITH_SNAPSHOTS) else set()
    if raw.get("DeletionPolicy", "Delete") not in KEEPS | snapshot:
        yield f"there is no deletion policy {raw['DeletionPolicy']}"
    if raw.get("UpdateReplacePolicy", "Delete") not in {"Delete", "Retain"} | snapshot:
        yield f"there is no update replace policy {raw['UpdateReplacePolicy']}"
    for key, kinds in OF_SOME.items():
        if key in raw and kind not in kinds:
            yield f"{kind} has no {key}"


def targets(node: Any) -> Iterator[tuple[str, str | None]]:
    """All names that a node refers to, each with the attribute, if it takes one."""
    if isinstance(node, list):
        for item in node:
            yield from targets(item)
    if not isinstance(node, dict):
        return
    for key, item in node.items():
        if key == "Ref" and isinstance(item, str):
            yield item, None
        elif key == "Fn::GetAtt":
            name, attribute = item.split(".", 1) if isinstance(item, str) else item[:2]
            yield str(name), attribute if isinstance(attribute, str) else None
            yield from targets(attribute)
        elif key == "Fn::Sub":
            yield from _of_sub(item)
        else:
            yield from targets(item)


def _of_sub(item: Any) -> Iterator[tuple[str, str | None]]:
    text, own = item if isinstance(item, list) and len(item) == 2 else (item, {})
    yield from targets(own)
    for found in _VARIABLE.findall(str(text)):
        name = found.strip()
        if isinstance(own, dict) and name in own:
            continue
        head, dot, rest = name.partition(".")
        yield head, rest if dot else None


def _references(
    stack: Stack, where: str, node: Any, *, conditional: bool = False
) -> Iterator[Finding]:
    """What is referred to exists, in branches too that are not taken now."""
    resources = stack.template["Resources"]
    parameters = {*PSEUDO, *(stack.template.get("Parameters") or {})}
    for name, attribute in targets(node):
        if attribute is None:
            if name not in parameters and (conditional or name not in resources):
                yield Finding(where, f"refers to {name}, which is not there")
        elif name not in resources:
            yield Finding(where, f"takes {attribute} of {name}, which is not there")
        else:
            kind = str(resources[name].get("Type"))
            try:
                known = attributes(kind, stack.region)
            except ValueError:
                continue
            if attribute not in known:
                yield Finding(where, f"{name} ({kind}) has no attribute {attribute}")
    yield from (Finding(where, text) for text in _misformed(stack, node))


def _misformed(stack: Stack, node: Any) -> Iterator[str]:
    """Functions beside other keys, and conditions that do not exist."""
    if isinstance(node, list):
        for item in node:
            yield from _misformed(stack, item)
    if not isinstance(node, dict):
        return
    calls = [key for key in node if _FUNCTION.match(str(key))]
    if calls and len(node) > 1:
        yield f"{calls[0]} stands beside other keys"
    chosen = node.get("Fn::If")
    if isinstance(chosen, list) and chosen[:1]:
        conditions = stack.template.get("Conditions") or {}
        if len(chosen) != 3 or chosen[0] not in conditions:
            yield f"Fn::If: there is no condition {chosen[0]}, or not two values"
    for item in node.values():
        yield from _misformed(stack, item)


def _cycles(template: Json) -> Iterator[Finding]:
    """Resources that wait for each other."""
    resources = template["Resources"]
    needs: dict[str, set[str]] = {}
    for name, raw in resources.items():
        depends = raw.get("DependsOn", [])
        found = {target for target, _ in targets(raw.get("Properties"))}
        found |= {depends} if isinstance(depends, str) else set(depends)
        needs[name] = found & set(resources)
    left = dict(needs)
    while ready := [name for name, wanted in left.items() if not wanted & set(left)]:
        for name in ready:
            del left[name]
    for name, wanted in left.items():
        # Behind a circle there are resources that only wait for it.
        if _reaches(name, name, needs):
            yield Finding(name, f"waits in a circle for {', '.join(sorted(wanted & set(left)))}")


def _reaches(start: str, goal: str, needs: dict[str, set[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(needs[start])
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += needs[name]
    return False


def _outputs(stack: Stack) -> Iterator[Finding]:
    exports: set[str] = set()
    for name, one in (stack.template.get("Outputs") or {}).items():
        where = f"Outputs.{name}"
        if not isinstance(one, dict) or "Value" not in one:
            yield Finding(where, "has no value")
            continue
        if set(one) - {"Condition", "Description", "Export", "Value"}:
            yield Finding(where, "has a key that outputs do not have")
        if len(str(one.get("Description", ""))) > 1024:
            yield Finding(where, "its description is longer than 1,024 characters")
        if one.get("Condition") not in (None, *(stack.template.get("Conditions") or {})):
            yield Finding(where, f"there is no condition {one['Condition']}")
        exported = json.dumps(one.get("Export"))
        given = (one.get("Export") or {}).get("Name", "x")
        if isinstance(given, str) and not re.fullmatch(r"[A-Za-z0-9:-]{1,255}", given):
            yield Finding(where, f"nothing is exported as {given}")
        if "Export" in one and exported in exports:
            yield Finding(where, "another output is exported by the same name")
        exports.add(exported)
    for name, value in stack.outputs.items():
        if isinstance(value, dict | list):
            yield Finding(f"Outputs.{name}", "is no text")
