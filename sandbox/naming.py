"""Python's names inside, the control API's camelCase names outside."""

from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def camel(name: str) -> str:
    """`answer_status` → `answerStatus`."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def camel_json(record: "DataclassInstance") -> dict[str, object]:
    """The record's fields under their outside names."""
    return {camel(name): value for name, value in asdict(record).items()}
