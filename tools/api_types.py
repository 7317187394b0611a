"""The types in the OpenAPI document, with examples: the very types that the code validates with."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Final

import msgspec

from payments.api.bodies import ByPerson, Resolution
from payments.api.events import EventView
from payments.domain.cases import CaseKind
from payments.domain.events import CaseView
from payments.domain.payment import Status
from payments.domain.payment_request import PaymentRequest
from payments.domain.reports import DaySums, ReportView, Sum, view_report
from payments.domain.views import PaymentView

# How others know the types that are called otherwise in the code.
NAMES: Final = {
    "PaymentView": "Payment",
    "CaseView": "Case",
    "EventView": "Event",
    "ReportView": "Report",
    "TotalView": "Total",
}
UTC: Final = {"type": "string", "format": "date-time"}

EXAMPLE_ID: Final = "7K3QZ0V9M4T1XN8RB2CD"
EXAMPLE_PAYMENT: Final[dict[str, Any]] = {
    "id": EXAMPLE_ID,
    "status": "pending",
    "amount": "1500.00",
    "currency": "KGS",
    "orderId": "A-1001",
    "language": "ru",
    "customerMsisdn": "0556***910",
    "cashierNo": None,
    "description": None,
    "metadata": {"basket": "17"},
    "returnUrl": None,
    "checkoutUrl": f"https://api.example/v1/pay/{EXAMPLE_ID}?s=…",
    "elsomTransactionId": None,
    "statusReason": None,
    "elsomErrorCode": None,
    "late": False,
    "sequence": 1795492800412,
    "createdAt": "2026-11-24T04:00:00.000Z",
    "updatedAt": "2026-11-24T04:00:00.412Z",
    "expiresAt": "2026-11-24T05:00:00.000Z",
    "paidAt": None,
    "nextCheckAt": "2026-11-24T04:01:00.000Z",
}
EXAMPLE_REPORT: Final = msgspec.to_builtins(
    view_report(
        date(2026, 11, 24),
        DaySums(
            paid=Sum(3, 465_000),
            late=Sum(1, 15_000),
            by_status={Status.PAID: Sum(2, 450_000), Status.EXPIRED: Sum(1, 20_000)},
            cases={CaseKind.PAID_LATE: 1},
        ),
    )
)
EXAMPLE_PROBLEM: Final[dict[str, Any]] = {
    "type": "urn:elsom-payments:problem:invalid-request",
    "title": "The request is not valid",
    "status": 400,
    "detail": "orderId: is required",
    "instance": "urn:uuid:6d2f1f0e-7f5f-4d62-b9d1-6f7a0c2f9a11",
    "errors": [{"field": "orderId", "message": "is required"}],
}

# Every problem's name, and what it means to a shop. `{key}`: what a start adds.
PROBLEMS: Final = {
    "invalid-request": (400, "The input is wrong; `errors` names each field."),
    "gateway": (
        403,
        "API Gateway refused: no signature, or no right to call; also its 429 and 5xx.",
    ),
    "not-found": (404, "Nothing is stored under this id."),
    "start-in-progress": (
        409,
        "The first call with this key still runs: repeat after `Retry-After`.",
    ),
    "conflict": (409, "Not possible in this state."),
    "idempotency-key-reused": (
        422,
        "The key belongs to a request with other content.",
    ),
    "elsom-refused": (
        422,
        "Elsom refused: see `elsomErrorMessage`. A new attempt needs a new key.",
    ),
    "internal": (500, "Safe to repeat{key}; if it fails again, quote `instance`."),
    "not-configured": (503, "The stack's secret is not filled in; nothing was created."),
    "elsom-unreachable": (
        503,
        "Nothing was sent, or Elsom does not respond: repeat{key}.",
    ),
    "report-too-large": (
        503,
        "The day has too many payments for one call; do not repeat it.",
    ),
    "try-again": (
        503,
        "The store, queue or bus does not respond: repeat{key}.",
    ),
}


def schemas() -> dict[str, Any]:
    """Every type by its name."""
    types = [PaymentRequest, PaymentView, CaseView, EventView, ReportView, ByPerson, Resolution]
    _, made = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    found = {NAMES.get(name, name): schema for name, schema in made.items()}
    for name in ("Payment", "Case", "Event"):
        for field, schema in found[name]["properties"].items():
            if field.endswith("At"):
                schema.update({"format": "date-time"})
            schema.pop("default", None)
    found["Problem"] = _PROBLEM_SCHEMA
    found["Timeline"] = _TIMELINE_SCHEMA
    found["Resent"] = {
        "type": "object",
        "properties": {"eventId": {"type": "string"}, "type": {"type": "string"}},
        "required": ["eventId", "type"],
    }
    return dict(sorted(_renamed(found).items()))


_PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. `type` is `urn:elsom-payments:problem:` and one of these names.",
    "properties": {
        "type": {
            "type": "string",
            "enum": [f"urn:elsom-payments:problem:{name}" for name in PROBLEMS],
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "`urn:uuid:` and the request id"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
        "paymentId": {"type": "string"},
        "elsomErrorCode": {"type": "string"},
        "elsomErrorMessage": {"type": ["string", "null"]},
    },
    "required": ["type", "title", "status", "detail", "instance"],
    "examples": [EXAMPLE_PROBLEM],
}
_TIMELINE_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"at": UTC, "what": {"type": "string"}},
                "required": ["at", "what"],
            },
        }
    },
    "required": ["items"],
}


def _renamed(schemas: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(schemas)
    for old, new in NAMES.items():
        text = text.replace(f"#/components/schemas/{old}", f"#/components/schemas/{new}")
        text = text.replace(f'"title": "{old}"', f'"title": "{new}"')
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def ref(name: str) -> dict[str, Any]:
    """Where the document says what this type is."""
    return {"$ref": f"#/components/schemas/{name}"}
