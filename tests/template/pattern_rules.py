"""The grammar of event patterns, filters and schedules."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import Any, Final

OPERATORS: Final = {
    "anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix",
    "wildcard",
}  # fmt: skip
COMPARE: Final = {"<", "<=", ">", ">=", "="}
# What an event of each source has at its top.
TOPS: Final = {
    "sqs": {"messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody",
            "eventSource", "eventSourceARN", "awsRegion"},
    "dynamodb": {"eventID", "eventName", "eventVersion", "eventSource", "awsRegion", "dynamodb",
                 "eventSourceARN", "userIdentity"},
    "events": {"version", "id", "detail-type", "source", "account", "time", "region", "resources",
               "detail", "replay-name"},
}  # fmt: skip
UNITS: Final = ("minute", "hour", "day")
MONTHS: Final = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
DAYS: Final = "SUN|MON|TUE|WED|THU|FRI|SAT"


def filter_pattern(text: str, service: str) -> Iterator[str]:
    """A filter of an event source: JSON, and a pattern over what the source's events have."""
    if len(text) > 4096:
        yield "a filter is longer than 4,096 characters"
    try:
        pattern = json.loads(text)
    except ValueError:
        yield f"a filter is no JSON: {text[:60]}"
        return
    yield from event_pattern(pattern, TOPS.get(service, set()))


def event_pattern(pattern: Any, tops: set[str]) -> Iterator[str]:
    """A pattern: maps down to lists of what may stand there."""
    if isinstance(pattern, str):
        try:
            pattern = json.loads(pattern)
        except ValueError:
            yield "a pattern is no JSON"
            return
    if not isinstance(pattern, dict) or not pattern:
        yield "a pattern is no map, or an empty one"
        return
    if len(json.dumps(pattern)) > 4096:
        yield "a pattern is longer than 4,096 characters"
    for key in set(pattern) - tops - {"$or"}:
        yield f"an event has no {key}"
    yield from _fields(pattern)


def _fields(pattern: dict[str, Any]) -> Iterator[str]:
    for key, value in pattern.items():
        if key == "$or":
            if not isinstance(value, list) or len(value) < 2:
                yield "$or takes two patterns or more"
            for part in value if isinstance(value, list) else []:
                yield from _fields(part) if isinstance(part, dict) else ["$or takes patterns"]
        elif isinstance(value, dict):
            if not value:
                yield f"{key} is an empty map"
            yield from _fields(value)
        elif not isinstance(value, list) or not value:
            yield f"{key} is no list, or an empty one"
        else:
            for item in value:
                yield from _item(key, item)


def _item(key: str, item: Any) -> Iterator[str]:
    if isinstance(item, list):
        yield f"{key} has a list in a list"
    if not isinstance(item, dict):
        return
    if len(item) != 1 or set(item) - OPERATORS:
        yield f"{key}: there is no comparison {sorted(item)}"
        return
    ((name, value),) = item.items()
    if not _is_operand(name, value):
        yield f"{key}: {name} does not take {value!r}"


def _is_operand(name: str, value: Any) -> bool:
    match name:
        case "exists":
            return isinstance(value, bool)
        case "prefix" | "suffix":
            return isinstance(value, str | dict)
        case "equals-ignore-case":
            return isinstance(value, str)
        case "wildcard":
            return isinstance(value, str) and "**" not in value
        case "numeric":
            return _is_numeric(value)
        case "cidr":
            return _is_network(value)
    return value not in ([], {}, None)


def _is_numeric(value: Any) -> bool:
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    return all(
        part in COMPARE if number % 2 == 0 else isinstance(part, int | float)
        for number, part in enumerate(value)
    )


def _is_network(value: Any) -> bool:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        return False
    return True


def schedule_expression(text: str, *, scheduler: bool) -> Iterator[str]:
    """rate(...), cron(...) and, in the Scheduler, at(...)."""
    if found := re.fullmatch(r"rate\(([1-9]\d*) (\w+)\)", text):
        number, unit = int(found[1]), found[2]
        plural = unit.endswith("s")
        if unit.removesuffix("s") not in UNITS:
            yield f"there is no unit {unit}"
        elif (number == 1) == plural and not scheduler:
            yield f"{number} {unit} is not said so"
    elif found := re.fullmatch(r"cron\((.+)\)", text):
        yield from _cron(found[1].split())
    elif not (scheduler and re.fullmatch(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", text)):
        yield f"{text} is no schedule"


def _cron(fields: list[str]) -> Iterator[str]:
    if len(fields) != 6:
        yield f"a cron expression has six fields, not {len(fields)}"
        return
    bounds = [
        (0, 59, ""),
        (0, 23, ""),
        (1, 31, ""),
        (1, 12, MONTHS),
        (1, 7, DAYS),
        (1970, 2199, ""),
    ]
    for text, (least, most, names) in zip(fields, bounds, strict=True):
        for part in text.split(","):
            if not _is_part(part, least, most, names):
                yield f"{part} is no part of a cron expression here"
    if (fields[2] == "?") == (fields[4] == "?"):
        yield "one of day of month and day of week is ?, the other is not"


def _is_part(part: str, least: int, most: int, names: str) -> bool:
    if part in ("*", "?", "L", "LW"):
        return True
    one = rf"(\d+|{names})" if names else r"(\d+)"
    found = re.fullmatch(rf"(\*|{one}(-{one})?)(/\d+|L|W|#[1-5])?", part)
    if found is None:
        return False
    return all(least <= int(number) <= most for number in re.findall(r"\d+", found[1]))
