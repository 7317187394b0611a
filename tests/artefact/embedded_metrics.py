"""What CloudWatch reads out of a function's log lines: the embedded metric format's own rules."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Final

from jsonschema import Draft202012Validator

# The units of CloudWatch's API; any other makes CloudWatch drop the line's metrics.
UNITS: Final = [
    *("Seconds", "Microseconds", "Milliseconds"),
    *(
        f"{size}{what}"
        for what in ("Bytes", "Bits")
        for size in ("", "Kilo", "Mega", "Giga", "Tera")
    ),
    *(
        f"{size}{what}/Second"
        for what in ("Bytes", "Bits")
        for size in ("", "Kilo", "Mega", "Giga", "Tera")
    ),
    *("Percent", "Count", "Count/Second", "None"),
]
_TEXT: Final = {"type": "string", "minLength": 1, "maxLength": 1024}
SCHEMA: Final = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 0},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            # CloudWatch keeps `AWS/` for itself.
                            "Namespace": {
                                "type": "string",
                                "pattern": r"^(?!AWS/)[0-9A-Za-z.\-_/#:]{1,255}$",
                            },
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "maxItems": 30, "items": _TEXT},
                            },
                            "Metrics": {
                                "type": "array",
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": _TEXT,
                                        "Unit": {"enum": UNITS},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
_FORTNIGHT: Final = 14 * 24 * 3600
_TWO_HOURS: Final = 2 * 3600
# One metric of one line takes this many values.
_VALUES: Final = 100
_LINE: Final = 256 * 1024


@dataclass(frozen=True)
class Value:
    """A value that CloudWatch would keep."""

    namespace: str
    name: str
    unit: str
    dimensions: tuple[tuple[str, str], ...]
    value: float


class NotReadable(ValueError):
    """CloudWatch would drop what this line measures."""


def read(line: str) -> list[Value]:
    """The values in one line of a log; none where it is an ordinary one. Raises NotReadable."""
    document = json.loads(line)
    if "_aws" not in document:
        return []
    wrong = next(iter(Draft202012Validator(SCHEMA).iter_errors(document)), None)
    if wrong is not None:
        raise NotReadable(f"{wrong.json_path}: {wrong.message}")
    if len(line.encode()) > _LINE:
        raise NotReadable("a line of a log is 256 KB at most")
    age = time.time() - document["_aws"]["Timestamp"] / 1000
    if not -_TWO_HOURS < age < _FORTNIGHT:
        raise NotReadable("the time is too far off")
    return [
        value
        for directive in document["_aws"]["CloudWatchMetrics"]
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
        for value in _values(document, directive["Namespace"], names, metric)
    ]


def _values(
    document: dict[str, Any], namespace: str, names: list[str], metric: dict[str, Any]
) -> list[Value]:
    for name in names:
        found = document.get(name)
        if not isinstance(found, str) or not 1 <= len(found) <= 1024:
            raise NotReadable(f"the dimension {name} has no text of 1 to 1024 characters")
    given = document.get(metric["Name"])
    numbers: list[Any] = given if isinstance(given, list) else [given]
    if not 1 <= len(numbers) <= _VALUES:
        raise NotReadable(f"{metric['Name']} has {len(numbers)} values")
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers):
        raise NotReadable(f"{metric['Name']} is no number")
    dimensions = tuple((name, document[name]) for name in names)
    unit = metric.get("Unit", "None")
    return [Value(namespace, metric["Name"], unit, dimensions, float(one)) for one in numbers]
