"""Makes docs/events/events.schema.json, the JSON Schema of all events, for `make generated`.

It comes from the types that events are made of; a test fails when the committed file differs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from payments.domain.events import CaseEvent, EventType, PaymentEvent
from tools.api_types import NAMES, UTC
from tools.environments import ROOT

FILE: Final = ROOT / "docs" / "events" / "events.schema.json"
_MEANINGS: Final = {
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
    """What the committed file has to hold."""
    return {FILE: json.dumps(schema(), indent=2) + "\n"}


def schema() -> dict[str, Any]:
    """One document: payment and case once, and one definition for each type of event."""
    events = {_name(event_type): _event(event_type) for event_type in EventType}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Events of Elsom Payments",
        "description": "The detail of an event on the bus, and the body of a webhook. `type` says "
        "which of the definitions it follows.",
        "type": "object",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in events],
        "$defs": {**events, **_types()},
    }


def _name(event_type: EventType) -> str:
    return "".join(word.capitalize() for word in event_type.replace(".", "_").split("_"))


def _event(event_type: EventType) -> dict[str, Any]:
    """What one type adds to the fields that all events of payments, or of cases, have."""
    subject, _, what = event_type.partition(".")
    fields = (
        {"state": {"const": "resolved" if what == "resolved" else "open"}}
        if subject == "case"
        else {
            "status": {"const": what.removesuffix("_late")},
            "late": {"const": event_type is EventType.PAYMENT_PAID_LATE},
        }
    )
    return {
        "title": str(event_type),
        "description": _MEANINGS[event_type],
        "$ref": f"#/$defs/{subject.capitalize()}Event",
        "properties": {"type": {"const": str(event_type)}, subject: {"properties": fields}},
    }


def _types() -> dict[str, Any]:
    """The types that events are made of, by the names that others know them by."""
    _, types = msgspec.json.schema_components(
        [PaymentEvent, CaseEvent], ref_template="#/$defs/{name}"
    )
    text = json.dumps(types)
    for ours, theirs in NAMES.items():
        text = text.replace(f'"{ours}"', f'"{theirs}"').replace(f'/{ours}"', f'/{theirs}"')
    renamed: dict[str, Any] = json.loads(text)
    for made in renamed.values():
        for name, field in made.get("properties", {}).items():
            if name.endswith("At"):
                made["properties"][name] = _moment(field)
    renamed["Payment"]["properties"]["checkoutUrl"] = {
        "type": "null",
        "description": "Always null in an event: the URL is signed. The API gives it.",
    }
    return renamed


def _moment(field: dict[str, Any]) -> dict[str, Any]:
    """A time, or null where the field may be."""
    kinds = [kind.get("type") for kind in field.get("anyOf", ())]
    return {"anyOf": [UTC, {"type": "null"}]} if "null" in kinds else dict(UTC)
