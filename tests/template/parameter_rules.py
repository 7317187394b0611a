"""What CloudFormation says of parameters, rules and the console's metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from tests.template.language_rules import PSEUDO, targets
from tests.template.stack import LISTS, Finding, Stack
from tests.template.transform import Json

TYPES: Final = re.compile(
    r"String|Number|CommaDelimitedList|List<(Number|String|AWS::[\w:]+)>"
    r"|AWS::SSM::Parameter::(Name|Value<[\w<>:]+>)|AWS::(EC2|Route53)::[\w:]+"
)
KEYS: Final = {
    "AllowedPattern", "AllowedValues", "ConstraintDescription", "Default", "Description",
    "MaxLength", "MaxValue", "MinLength", "MinValue", "NoEcho", "Type",
}  # fmt: skip
RULE_FUNCTIONS: Final = {
    "Fn::And", "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn", "Fn::Equals", "Fn::Not",
    "Fn::Or", "Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll", "Ref",
}  # fmt: skip


def parameters(stack: Stack) -> Iterator[Finding]:
    """Each parameter's own bounds are in order, and hold its default and the value given."""
    declared = stack.template.get("Parameters") or {}
    for name, one in declared.items():
        where = f"Parameters.{name}"
        if not TYPES.fullmatch(str(one.get("Type"))):
            yield Finding(where, f"there is no type {one.get('Type')}")
        if set(one) - KEYS:
            yield Finding(where, f"has {sorted(set(one) - KEYS)}")
        if len(str(one.get("Description", ""))) > 4000:
            yield Finding(where, "its description is longer than 4,000 characters")
        if "Default" in one:
            yield from (
                Finding(where, f"its default {why}") for why in outside(one, one["Default"])
            )
        elif name not in stack.values:
            yield Finding(where, "has neither default nor value")
        if name in stack.values:
            given = stack.values[name]
            yield from (Finding(where, f"its value {why}") for why in outside(one, given))
    for name in set(stack.values) - set(declared):
        yield Finding(f"Parameters.{name}", "is given, but there is no such parameter")
    yield from _rules(stack)
    yield from _interface(stack)


def outside(parameter: Json, value: Any) -> Iterator[str]:
    """What keeps a value from being taken."""
    text, kind = str(value), str(parameter.get("Type"))
    if isinstance(value, dict | list):
        yield "is no text"
    if kind == "Number":
        yield from _number(parameter, text)
    allowed = [str(one) for one in parameter.get("AllowedValues", [])]
    pattern = parameter.get("AllowedPattern")
    try:
        compiled = re.compile(str(pattern or ""))
    except re.error as error:
        yield f"has a pattern that is none: {error}"
        compiled = re.compile("")
    for member in text.split(",") if kind.startswith(LISTS) else [text]:
        if allowed and member not in allowed:
            yield f"{member} is not among the allowed"
        if pattern is not None and not compiled.fullmatch(member):
            yield f"{member} does not match the pattern"
        if (
            not int(parameter.get("MinLength", 0))
            <= len(member)
            <= int(parameter.get("MaxLength", 4096))
        ):
            yield f"{member} is too short or too long"


def _number(parameter: Json, text: str) -> Iterator[str]:
    try:
        number = float(text)
    except ValueError:
        yield f"{text} is no number"
        return
    if not float(parameter.get("MinValue", number)) <= number:
        yield f"{text} is too small"
    if not float(parameter.get("MaxValue", number)) >= number:
        yield f"{text} is too large"


def _rules(stack: Stack) -> Iterator[Finding]:
    known = {*PSEUDO, *(stack.template.get("Parameters") or {})}
    for name, rule in (stack.template.get("Rules") or {}).items():
        where = f"Rules.{name}"
        if set(rule) - {"Assertions", "RuleCondition"} or not rule.get("Assertions"):
            yield Finding(where, "has other keys than a condition and assertions, or no assertion")
        for called in _functions(rule):
            if called not in RULE_FUNCTIONS:
                yield Finding(where, f"{called} is no function of a rule")
        for target, _ in targets(rule):
            if target not in known:
                yield Finding(where, f"refers to {target}, which is no parameter")
        for one in rule.get("Assertions", []):
            if "Assert" not in one or set(one) - {"Assert", "AssertDescription"}:
                yield Finding(where, "has an assertion without Assert, or with other keys")


def _functions(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _functions(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "Ref" or str(key).startswith("Fn::"):
                yield str(key)
            yield from _functions(item)


def _interface(stack: Stack) -> Iterator[Finding]:
    shown = (stack.template.get("Metadata") or {}).get("AWS::CloudFormation::Interface") or {}
    declared = set(stack.template.get("Parameters") or {})
    grouped = [name for one in shown.get("ParameterGroups", []) for name in one["Parameters"]]
    for name in {*grouped, *shown.get("ParameterLabels", {})} - declared:
        yield Finding(f"Metadata.{name}", "is shown, but there is no such parameter")
    for name in {name for name in grouped if grouped.count(name) > 1}:
        yield Finding(f"Metadata.{name}", "stands in two groups")
