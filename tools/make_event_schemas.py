"""Makes docs/events/*.json, one JSON Schema a type of event, for `make generated`.

They come from the very types that events are made of; a test fails when the committed files differ.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from payments.domain.events import CaseEvent, EventType, PaymentEvent
from tools.api_types import NAMES, UTC
from tools.environments import ROOT

HERE: Final = ROOT / "docs" / "events"
_TITLES: Final = {
    EventType.PAYMENT_PENDING: "The customer can pay now.",
    EventType.PAYMENT_PAID: "Elsom says that the payment is paid. This is never taken back.",
    EventType.PAYMENT_PAID_LATE: "Paid after it had already ended otherwise; a case is opened.",
    EventType.PAYMENT_EXPIRED: "The time ran out. It can still become paid, late.",
    EventType.PAYMENT_CANCELLED: "Cancelled. It can still become paid, late.",
    EventType.PAYMENT_FAILED: "Failed or refused. It can still become paid, late.",
    EventType.PAYMENT_START_UNKNOWN: "It is not known whether the start reached Elsom.",
    EventType.CASE_OPENED: "Money that matches no open order: a person has to look at it.",
    EventType.CASE_RESOLVED: "A person has dealt with a case.",
}


def files() -> dict[Path, str]:
    """What the committed files have to hold."""
    return {
        HERE / f"{event_type}.json": json.dumps(schema_of(event_type), indent=2) + "\n"
        for event_type in EventType
    }


def schema_of(event_type: EventType) -> dict[str, Any]:
    """The JSON Schema of the detail of one type of event."""
    is_case = event_type.startswith("case.")
    event: type[msgspec.Struct] = CaseEvent if is_case else PaymentEvent
    (_,), components = msgspec.json.schema_components([event], ref_template="#/$defs/{name}")
    parts: dict[str, Any] = copy.deepcopy(components)
    detail = parts.pop(event.__name__)
    del parts["EventType"]
    for part in (detail, *parts.values()):
        part.pop("title", None)
        for name, field in part.get("properties", {}).items():
            if name.endswith("At"):
                part["properties"][name] = _moment(field)
    detail["properties"]["type"] = {"const": str(event_type)}
    if not is_case:
        parts["PaymentView"]["properties"]["status"] = {"const": _status(event_type)}
        parts["PaymentView"]["properties"]["late"] = _late(event_type)
        parts.pop("Status", None)
    return _renamed(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": str(event_type),
            "description": _TITLES[event_type],
            **{key: value for key, value in detail.items() if key != "description"},
            "$defs": parts,
        }
    )


def _status(event_type: EventType) -> str:
    return event_type.removeprefix("payment.").removesuffix("_late")


def _late(event_type: EventType) -> dict[str, Any]:
    return {"const": event_type is EventType.PAYMENT_PAID_LATE}


def _moment(field: dict[str, Any]) -> dict[str, Any]:
    """A time, or null where the field may be."""
    kinds = [kind.get("type") for kind in field.get("anyOf", ())]
    return {"anyOf": [UTC, {"type": "null"}]} if "null" in kinds else dict(UTC)


def _renamed(schema: dict[str, Any]) -> dict[str, Any]:
    """The types by the names that others know them by."""
    text = json.dumps(schema)
    for ours, theirs in NAMES.items():
        text = text.replace(f'"{ours}"', f'"{theirs}"').replace(f'/{ours}"', f'/{theirs}"')
    renamed: dict[str, Any] = json.loads(text)
    return renamed
