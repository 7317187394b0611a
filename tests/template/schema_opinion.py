"""CloudFormation's own schemas of resource types, as cfn-lint ships them for each region."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any, Final

import regex  # type: ignore[import-untyped]
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from tests.template.stack import Finding, Stack
from tests.template.transform import Json

# A property may be a text in a template where the schema wants a number or a truth.
_TRUTHS: Final = {"true", "false"}


def schema(stack: Stack) -> Iterator[Finding]:
    """Every resource has the properties of its type, with values within their bounds."""
    for one in stack.resources.values():
        try:
            validator, read_only = validator_of(one.kind, stack.region)
        except LookupError as reason:
            yield Finding(one.logical_id, str(reason))
            continue
        for error in validator.iter_errors(plain(one.properties)):
            place = ".".join(str(part) for part in error.absolute_path)
            yield Finding(one.logical_id, f"{place}: {error.message[:200]}")
        for name in read_only & set(one.properties):
            yield Finding(one.logical_id, f"{name} can be read only")


@cache
def validator_of(kind: str, region: str) -> tuple[Any, set[str]]:
    """A type's validator, and the properties that nobody may give. Raises LookupError."""
    try:
        found: Json = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    except Exception as reason:  # the library's own errors have no common base
        raise LookupError(f"there is no type {kind} in {region}") from reason
    read_only = {
        path.removeprefix("/properties/")
        for path in found.get("readOnlyProperties", [])
        if path.count("/") == 2
    }
    # What is read may also be a property that is given, such as a name that is else generated.
    given = set(found.get("createOnlyProperties", [])) | set(found.get("writeOnlyProperties", []))
    generated = {path.removeprefix("/properties/") for path in given}
    return _VALIDATOR(found), read_only - generated


def plain(value: Any) -> Any:
    """A value as JSON has it: dates of YAML are texts again."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _is_whole(_: Any, value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) or (_number(value) is not None and float(value).is_integer())


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _is_text(_: Any, value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _is_truth(_: Any, value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in _TRUTHS)


def _pattern(_: Any, pattern: str, value: Any, __: Json) -> Iterator[ValidationError]:
    if isinstance(value, str) and not _compiled(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


@cache
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern)


def _minimum(_: Any, least: float, value: Any, __: Json) -> Iterator[ValidationError]:
    number = _number(value)
    if number is not None and number < least:
        yield ValidationError(f"{value} is less than the minimum of {least}")


def _maximum(_: Any, most: float, value: Any, __: Json) -> Iterator[ValidationError]:
    number = _number(value)
    if number is not None and number > most:
        yield ValidationError(f"{value} is more than the maximum of {most}")


def _enum(_: Any, allowed: list[Any], value: Any, __: Json) -> Iterator[ValidationError]:
    if isinstance(value, dict | list):
        return
    if str(value).lower() not in {str(one).lower() for one in allowed if _is_same(one, value)}:
        yield ValidationError(f"{value!r} is not one of {allowed}")


def _is_same(allowed: Any, value: Any) -> bool:
    """Texts are compared to the letter; numbers and truths also as texts."""
    return not isinstance(allowed, str) or allowed == str(value) or isinstance(value, bool)


_VALIDATOR: Final = extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    validators={
        "pattern": _pattern,
        "minimum": _minimum,
        "maximum": _maximum,
        "enum": _enum,
        # AWS's schemas give `format` the names of types, which are checked elsewhere.
        "format": lambda *_: (),
    },
    type_checker=Draft7Validator.TYPE_CHECKER.redefine_many(
        {
            "integer": _is_whole,
            "number": lambda _, value: _number(value) is not None,
            "string": _is_text,
            "boolean": _is_truth,
        }
    ),
)
