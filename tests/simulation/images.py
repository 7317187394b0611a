"""DynamoDB's typed attributes, made and read quickly: what boto3 makes, with what it was made of.

Half of a run would go into boto3's own. `tests/contract` runs the same store with those.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final
from unittest.mock import patch

from boto3.dynamodb.types import TypeSerializer

from payments.store import table as store_of_tables
from payments.use_cases import publish_events

_by_boto3: Final = TypeSerializer().serialize


class Attribute(dict[str, Any]):
    """One typed attribute, and its value as the store gave it."""

    __slots__ = ("plain",)
    plain: Any


class StoredImage(dict[str, Any]):
    """An item's attributes; `plain` is the item, once it was read. Never changed once stored."""

    __slots__ = ("plain",)
    plain: dict[str, Any]


def typed(value: Any) -> Attribute:
    """What boto3's serializer makes of a value."""
    attribute: Attribute
    kind = type(value)
    if kind is str:
        attribute = Attribute(S=value)
    elif kind is int:
        attribute = Attribute(N=str(value))
    elif kind is bool:
        attribute = Attribute(BOOL=value)
    elif kind is dict:
        attribute = Attribute(M={name: typed(one) for name, one in value.items()})
        value = {name: one.plain for name, one in attribute["M"].items()}
    elif kind is list or kind is tuple:
        attribute = Attribute(L=[typed(one) for one in value])
        value = [one.plain for one in attribute["L"]]
    else:
        attribute = Attribute(_by_boto3(value))
        value = read_value(attribute)
    attribute.plain = value
    return attribute


def read_value(value: Mapping[str, Any]) -> Any:
    """What the store's deserializer makes of an attribute of ours."""
    if type(value) is Attribute and hasattr(value, "plain"):
        return value.plain
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "BOOL":
            return inner
        case "N":
            return int(inner)
        case "M":
            return {name: read_value(one) for name, one in inner.items()}
        case "L":
            return [read_value(one) for one in inner]
        case "NULL":
            return None
    raise ValueError(kind)


def to_item(image: Mapping[str, Any]) -> dict[str, Any]:
    """The store's own `to_item`; a stored image is read once."""
    if type(image) is not StoredImage:
        return {name: read_value(value) for name, value in image.items()}
    try:
        return image.plain.copy()
    except AttributeError:
        image.plain = {name: read_value(value) for name, value in image.items()}
    return image.plain.copy()


_translated: Final = store_of_tables._translated


class QuicklyTranslated:
    """The store's own translation of errors, entered only where there is one."""

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        if error is not None:
            with _translated():
                raise error


@contextmanager
def read_quickly() -> Iterator[None]:
    """Within it, the store makes and reads its attributes here."""
    quickly = QuicklyTranslated()
    with (
        patch.object(store_of_tables, "_translated", lambda: quickly),
        patch.object(store_of_tables, "_serialize", typed),
        patch.object(store_of_tables, "to_item", to_item),
        patch.object(publish_events, "to_item", to_item),
    ):
        yield
