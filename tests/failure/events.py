"""Events as AWS hands them to the functions, made of the recorded ones."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.contract.handlers import event
from tests.failure.services import Message

ELSOM_ADDRESS: Final = "192.0.2.77"

type Json = dict[str, Any]


def api_event(
    method: str,
    route: str,
    parameters: Json | None = None,
    *,
    body: Json | None = None,
    text: str | None = None,
    query: Json | None = None,
    headers: Json | None = None,
) -> Json:
    """A request as API Gateway hands it over."""
    made = event("start_payment")
    path = route
    for name, value in (parameters or {}).items():
        path = path.replace(f"{{{name}}}", value)
    made |= {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", **(headers or {})},
        "queryStringParameters": query,
        "pathParameters": parameters or None,
        "body": text if text is not None else json.dumps(body) if body else None,
    }
    made["requestContext"] |= {"path": f"/v1{path}", "resourcePath": route, "httpMethod": method}
    made["requestContext"]["identity"] = {"sourceIp": ELSOM_ADDRESS}
    return made


def queue_event(message: Message) -> Json:
    """One message as Lambda's event source hands it over."""
    made = event("check_scheduled")
    (record,) = made["Records"]
    record |= {"messageId": message.id, "body": message.body}
    record["attributes"] |= {"ApproximateReceiveCount": str(message.receives)}
    return made
