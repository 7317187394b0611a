"""The operations in the OpenAPI document: what can be called, with what, and what comes back."""

from __future__ import annotations

from typing import Any

from payments.api.pagination import LARGEST_LIMIT
from payments.domain.ids import ID_PATTERN
from payments.domain.payment import Status
from tools.api_types import EXAMPLE_ID, EXAMPLE_PAYMENT, EXAMPLE_REPORT, PROBLEMS, UTC, ref


def paths() -> dict[str, Any]:
    """Every operation by its path and method."""
    return _all_payments() | _one_payment() | _actions() | _cases() | _reports()


def _all_payments() -> dict[str, Any]:
    found = _answer("One page; it may be short and still have a cursor", _list("Payment"))
    return {
        "/payments": {
            "post": _start(),
            "get": _operation(
                "listPayments",
                "List payments, newest first",
                {"200": found},
                ("invalid-request", "not-configured"),
                parameters=_list_parameters(),
            ),
        },
    }


def _one_payment() -> dict[str, Any]:
    payment = {"Payment": EXAMPLE_PAYMENT}
    one = [_path_id("payment")]
    return {
        "/payments/{id}": {
            "get": _operation(
                "getPayment",
                "One payment as it is stored",
                {"200": _answer("The payment", ref("Payment"), payment)},
                ("not-found", "not-configured"),
                parameters=one,
            ),
        },
        "/payments/{id}/timeline": {
            "get": _operation(
                "getTimeline",
                "What happened to the payment, oldest first",
                {"200": _answer("The timeline", ref("Timeline"))},
                ("not-found",),
                parameters=one,
            ),
        },
        "/payments/{id}/events": {
            "get": _operation(
                "listEvents",
                "The payment's events, oldest first, and how each reached the shop",
                {"200": _answer("The events", _items("Event"))},
                ("not-found",),
                parameters=one,
            ),
        },
    }


def _actions() -> dict[str, Any]:
    payment = {"Payment": EXAMPLE_PAYMENT}
    one = [_path_id("payment")]
    return {
        "/payments/{id}/check": {
            "post": _operation(
                "checkPayment",
                "Query Elsom now, at most once in 2 s and six times in 60 s",
                {"200": _answer("The payment after the query", ref("Payment"), payment)},
                ("invalid-request", "not-found", "elsom-unreachable", "not-configured"),
                parameters=one,
                body=ref("ByPerson"),
                body_required=False,
            ),
        },
        "/payments/{id}/resend": {
            "post": _operation(
                "resendEvent",
                "Publish the payment's last event again, under the same event id",
                {"202": _answer("It was published", ref("Resent"))},
                ("invalid-request", "not-found", "conflict"),
                parameters=one,
                body=ref("ByPerson"),
                body_required=False,
            ),
        },
    }


def _cases() -> dict[str, Any]:
    return {
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
                {"200": _answer("The case", ref("Case"))},
                ("invalid-request", "not-found"),
                parameters=[_path_id("case")],
                body=ref("Resolution"),
            ),
        },
    }


def _reports() -> dict[str, Any]:
    day = {
        "name": "day",
        "in": "path",
        "required": True,
        "description": "A day in Bishkek (UTC+6), from 2000 on",
        "schema": {"type": "string", "format": "date", "pattern": "^2[0-9]{3}-[0-9]{2}-[0-9]{2}$"},
        "example": "2026-11-24",
    }
    return {
        "/reports/{day}": {
            "get": _operation(
                "getReport",
                "A day's totals: `paid` and `late` by the time of payment, `byStatus` by the time"
                " of creation, `cases` by the time they were opened",
                {"200": _answer("The totals", ref("Report"), {"Report": EXAMPLE_REPORT})},
                ("invalid-request", "report-too-large"),
                parameters=[day],
            ),
        },
    }


def _start() -> dict[str, Any]:
    replayed = _answer("This key's payment as it is now; Elsom was not called", ref("Payment"))
    replayed["headers"] = {
        "Idempotency-Replayed": {"schema": {"type": "string", "const": "true"}},
    }
    links = {
        "payment": {"operationId": "getPayment", "parameters": {"id": "$response.body#/id"}},
        "timeline": {"operationId": "getTimeline", "parameters": {"id": "$response.body#/id"}},
    }
    created = _answer("Elsom took it", ref("Payment"), {"Payment": EXAMPLE_PAYMENT})
    return _operation(
        "startPayment",
        "Start a payment; the same key is always the same payment",
        {
            "200": replayed,
            "201": {**created, "links": links},
            "202": _answer(
                "`start_unknown`: it may have reached Elsom; the checks settle it",
                ref("Payment"),
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
        body=ref("PaymentRequest"),
        has_key=True,
    )


def _operation(
    operation_id: str,
    summary: str,
    answers: dict[str, Any],
    problems: tuple[str, ...],
    *,
    parameters: list[dict[str, Any]],
    body: dict[str, Any] | None = None,
    body_required: bool = True,
    has_key: bool = False,
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": operation_id,
        "summary": summary,
        "parameters": parameters,
        "responses": answers
        | _problem_answers((*problems, "gateway", "internal", "try-again"), has_key=has_key),
    }
    if body is not None:
        operation["requestBody"] = {
            "required": body_required,
            "content": {"application/json": {"schema": body}},
        }
    return operation


def _problem_answers(names: tuple[str, ...], *, has_key: bool) -> dict[str, Any]:
    key = " with the same key" if has_key else ""
    by_status: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        status, meaning = PROBLEMS[name]
        by_status.setdefault(str(status), []).append(f"`{name}`: {meaning.format(key=key)}")
    by_status.setdefault("429", []).append(f"`gateway`: too many calls; repeat{key}.")
    return {status: _problem("; ".join(meanings)) for status, meanings in sorted(by_status.items())}


def _problem(description: str) -> dict[str, Any]:
    answer = _answer(description, ref("Problem"))
    answer["content"] = {"application/problem+json": answer["content"]["application/json"]}
    return answer


def _answer(
    description: str, schema: dict[str, Any], examples: dict[str, Any] | None = None
) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {"description": description, "content": {"application/json": content}}


def _items(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "items": ref(name)}},
        "required": ["items"],
    }


def _list(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": ref(name)},
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
        _query("from", {**UTC, "description": "Default: 31 days before `to`; at most 92 days"}),
        _query("to", {**UTC, "description": "Default: now"}),
        _query(
            "paidFrom",
            {
                **UTC,
                "description": "By the time of payment, newest first; not beside `from` or `to`."
                " Default, where `paidTo` is given: 31 days before it; at most 92 days",
            },
        ),
        _query("paidTo", {**UTC, "description": "Default, where `paidFrom` is given: now"}),
        *_paging(),
    ]
