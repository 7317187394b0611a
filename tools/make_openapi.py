"""Writes docs/api/openapi.json and its page: `python -m tools.make_openapi`.

Schemas come from the very types that the code validates and answers with; a test fails when the
committed files are not what this makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from payments import __version__
from payments.events import CaseView
from payments.ids import ID_PATTERN
from payments.list_cases import Resolution
from payments.list_payments import LARGEST_LIMIT
from payments.model import Status
from payments.shop_requests import PaymentRequest
from payments.views import PaymentView
from tools.api_page import page

HERE: Final = Path(__file__).resolve().parent.parent / "docs" / "api"
_NAMES: Final = {"PaymentView": "Payment", "CaseView": "Case"}
_UTC: Final = {"type": "string", "format": "date-time"}

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
    "sequence": 2,
    "createdAt": "2026-11-24T04:00:00.000Z",
    "updatedAt": "2026-11-24T04:00:00.412Z",
    "expiresAt": "2026-11-24T05:00:00.000Z",
    "paidAt": None,
    "nextCheckAt": "2026-11-24T04:01:00.000Z",
}
EXAMPLE_PROBLEM: Final[dict[str, Any]] = {
    "type": "urn:elsom-payments:problem:invalid-request",
    "title": "The request is not valid",
    "status": 400,
    "detail": "orderId: is required",
    "instance": "urn:uuid:6d2f1f0e-7f5f-4d62-b9d1-6f7a0c2f9a11",
    "errors": [{"field": "orderId", "message": "is required"}],
}

# Every problem's name, and what it means to a shop.
PROBLEMS: Final = {
    "invalid-request": (400, "The input is wrong; `errors` names each field."),
    "gateway": (
        403,
        "API Gateway refused: no signature, or no right to call; also its 429 and 5xx.",
    ),
    "not-found": (404, "There is nothing under this id."),
    "start-in-progress": (
        409,
        "The first call with this key still runs: repeat after `Retry-After`.",
    ),
    "conflict": (409, "Not possible in this state."),
    "idempotency-key-reused": (422, "The key belongs to a request with other content: a bug."),
    "elsom-refused": (422, "Elsom refused; see `elsomErrorCode`. The payment is `failed`."),
    "internal": (500, "Something unforeseen: repeat with the same key."),
    "not-configured": (503, "The stack's secret is not filled in; nothing was created."),
    "elsom-unreachable": (503, "Nothing was sent, or Elsom is silent: repeat with the same key."),
    "try-again": (503, "The store or queue does not answer: repeat with the same key."),
}


def document() -> dict[str, Any]:
    """The whole OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Elsom Payments",
            "version": __version__,
            "description": (
                "Payments from Elsom wallets. Every call is signed with AWS Signature Version 4, "
                "service `execute-api`. Money is a decimal string in som, times are RFC 3339 UTC. "
                "On any 429 or 5xx repeat the call, a start with the same `Idempotency-Key`."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/v1", "description": "The stack's output `ApiUrl`"}],
        "security": [{"sigv4": []}],
        "paths": _paths(),
        "components": {"schemas": _schemas(), "securitySchemes": {"sigv4": _SIGV4}},
    }


_SIGV4: Final = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "description": "AWS Signature Version 4",
    "x-amazon-apigateway-authtype": "awsSigv4",
}


def _paths() -> dict[str, Any]:
    payment = {"Payment": EXAMPLE_PAYMENT}
    one = [_path_id("payment")]
    return {
        "/payments": {
            "post": _start(),
            "get": _operation(
                "listPayments",
                "List payments, newest first",
                {
                    "200": _answer(
                        "One page; it may be short and still have a cursor", _list("Payment")
                    )
                },
                ("invalid-request", "not-configured"),
                parameters=_list_parameters(),
            ),
        },
        "/payments/{id}": {
            "get": _operation(
                "getPayment",
                "One payment as it is stored",
                {"200": _answer("The payment", _ref("Payment"), payment)},
                ("not-found", "not-configured"),
                parameters=one,
            ),
        },
        "/payments/{id}/timeline": {
            "get": _operation(
                "getTimeline",
                "What happened to the payment, oldest first",
                {"200": _answer("The timeline", _ref("Timeline"))},
                ("not-found",),
                parameters=one,
            ),
        },
        "/payments/{id}/check": {
            "post": _operation(
                "checkPayment",
                "Ask Elsom now, at most once in ten seconds",
                {"200": _answer("The payment after the question", _ref("Payment"), payment)},
                ("not-found", "elsom-unreachable", "not-configured"),
                parameters=one,
            ),
        },
        "/payments/{id}/resend": {
            "post": _operation(
                "resendEvent",
                "Tell the payment's last event once more, under the same event id",
                {"202": _answer("It will be told", _ref("Resent"))},
                ("not-found", "conflict"),
                parameters=one,
            ),
        },
        "/cases": {
            "get": _operation(
                "listCases",
                "Money that matches no open order, newest first",
                {"200": _answer("One page", _list("Case"))},
                ("invalid-request", "not-configured"),
                parameters=[
                    _query("state", {"type": "string", "enum": ["open", "resolved"]}, "open"),
                    *_paging(),
                ],
            ),
        },
        "/cases/{id}/resolve": {
            "post": _operation(
                "resolveCase",
                "Close a case with a note; again: unchanged",
                {"200": _answer("The case", _ref("Case"))},
                ("invalid-request", "not-found"),
                parameters=[_path_id("case")],
                body=_ref("Resolution"),
            ),
        },
    }


def _start() -> dict[str, Any]:
    replayed = _answer("This key's payment as it is now; Elsom was not called", _ref("Payment"))
    replayed["headers"] = {
        "Idempotency-Replayed": {"schema": {"type": "string", "const": "true"}},
    }
    links = {
        "payment": {"operationId": "getPayment", "parameters": {"id": "$response.body#/id"}},
        "timeline": {"operationId": "getTimeline", "parameters": {"id": "$response.body#/id"}},
    }
    created = _answer("Elsom took it", _ref("Payment"), {"Payment": EXAMPLE_PAYMENT})
    return _operation(
        "startPayment",
        "Start a payment; the same key is always the same payment",
        {
            "200": replayed,
            "201": {**created, "links": links},
            "202": _answer(
                "`start_unknown`: it may have reached Elsom; the checks settle it",
                _ref("Payment"),
            ),
        },
        (
            "invalid-request",
            "start-in-progress",
            "idempotency-key-reused",
            "elsom-refused",
            "elsom-unreachable",
            "not-configured",
            "try-again",
        ),
        parameters=[
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "1 to 255 printable ASCII characters: one key for each wish to pay.",
                "schema": {"type": "string", "pattern": "^[!-~]([ -~]{0,253}[!-~])?$"},
                "example": "order-A-1001",
            }
        ],
        body=_ref("PaymentRequest"),
    )


def _operation(
    operation_id: str,
    summary: str,
    answers: dict[str, Any],
    problems: tuple[str, ...],
    *,
    parameters: list[dict[str, Any]],
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "summary": summary,
        "parameters": parameters,
        "responses": answers | _problem_answers((*problems, "gateway", "internal", "try-again")),
    }
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    return operation


def _problem_answers(names: tuple[str, ...]) -> dict[str, Any]:
    by_status: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        status, meaning = PROBLEMS[name]
        by_status.setdefault(str(status), []).append(f"`{name}`: {meaning}")
    by_status.setdefault("429", []).append("`gateway`: too many calls; repeat with the same key.")
    return {status: _problem("; ".join(meanings)) for status, meanings in sorted(by_status.items())}


def _problem(description: str) -> dict[str, Any]:
    answer = _answer(description, _ref("Problem"))
    answer["content"] = {"application/problem+json": answer["content"]["application/json"]}
    return answer


def _answer(
    description: str, schema: dict[str, Any], examples: dict[str, Any] | None = None
) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {"description": description, "content": {"application/json": content}}


def _schemas() -> dict[str, Any]:
    types = [PaymentRequest, PaymentView, CaseView, Resolution]
    _, made = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schemas = {_NAMES.get(name, name): schema for name, schema in made.items()}
    for name in ("Payment", "Case"):
        for field, schema in schemas[name]["properties"].items():
            if field.endswith("At"):
                schema.update({"format": "date-time"})
            schema.pop("default", None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    schemas["Timeline"] = _TIMELINE_SCHEMA
    schemas["Resent"] = {
        "type": "object",
        "properties": {"eventId": {"type": "string"}, "type": {"type": "string"}},
        "required": ["eventId", "type"],
    }
    return dict(sorted(_renamed(schemas).items()))


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
                "properties": {"at": _UTC, "what": {"type": "string"}},
                "required": ["at", "what"],
            },
        }
    },
    "required": ["items"],
}


def _renamed(schemas: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(schemas)
    for old, new in _NAMES.items():
        text = text.replace(f"#/components/schemas/{old}", f"#/components/schemas/{new}")
        text = text.replace(f'"title": "{old}"', f'"title": "{new}"')
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": _ref(name)},
            "nextCursor": {"type": ["string", "null"]},
        },
        "required": ["items", "nextCursor"],
    }


def _path_id(what: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": ID_PATTERN}
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"The {what}'s id",
        "schema": schema,
        "example": EXAMPLE_ID,
    }


def _query(name: str, schema: dict[str, Any], default: Any = None) -> dict[str, Any]:
    with_default = {**schema, "default": default} if default is not None else schema
    return {"name": name, "in": "query", "schema": with_default}


def _paging() -> list[dict[str, Any]]:
    return [
        _query("limit", {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT}, 25),
        _query("cursor", {"type": "string", "description": "`nextCursor` of the page before"}),
    ]


def _list_parameters() -> list[dict[str, Any]]:
    return [
        _query("status", {"type": "string", "enum": [str(status) for status in Status]}),
        _query("orderId", {"type": "string", "minLength": 1, "maxLength": 20}),
        _query("from", {**_UTC, "description": "Default: 31 days before `to`; at most 92 days"}),
        _query("to", {**_UTC, "description": "Default: now"}),
        *_paging(),
    ]


def files() -> dict[Path, str]:
    """What the committed files have to hold."""
    made = document()
    return {
        HERE / "openapi.json": json.dumps(made, indent=2, ensure_ascii=False) + "\n",
        HERE / "index.html": page(made),
    }


def main() -> None:
    """Write the files."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        print(path.relative_to(HERE.parent.parent))


if __name__ == "__main__":
    main()
