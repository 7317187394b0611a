"""Requests and responses of API Gateway; errors become problems (RFC 9457)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Final

import msgspec

from payments.domain import errors
from payments.telemetry import logger

LambdaEvent = dict[str, Any]
Response = dict[str, Any]
Handler = Callable[[LambdaEvent, Any], Response]

_RETRY_SECONDS: Final = 5
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler needs of the event. Names of headers are lower case."""

    method: str
    resource: str
    path_parameters: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes
    source_ip: str
    request_id: str
    base_url: str

    def parameter(self, name: str) -> str:
        """A parameter of the path; empty where there is none of this name."""
        return self.path_parameters.get(name, "")


def read_request(event: LambdaEvent, public_base_url: str, *, local: bool) -> Request:
    """Read a REST API proxy event. `local`: the local AWS, whose requests have no domain name."""
    context = event.get("requestContext") or {}
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    parameters = event.get("pathParameters") or {}
    return Request(
        method=event["httpMethod"],
        resource=event["resource"],
        path_parameters=parameters,
        query=event.get("queryStringParameters") or {},
        headers=headers,
        cookies=_cookies(_cookie_header(event, headers)),
        body=_body(event),
        source_ip=(context.get("identity") or {}).get("sourceIp", ""),
        request_id=context.get("requestId", ""),
        base_url=public_base_url.rstrip("/") or _base_url(event, headers, local=local),
    )


def json_answer(
    status: int, body: Any, headers: Mapping[str, str] | None = None, content_type: str = _JSON
) -> Response:
    """A response with a JSON body."""
    text = body.decode() if isinstance(body, bytes) else msgspec.json.encode(body).decode()
    base = {"Content-Type": content_type, "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": {**base, **(headers or {})}, "body": text}


def problem(
    status: int,
    name: str,
    title: str,
    detail: str,
    request_id: str,
    *,
    retry_after: int | None = None,
    **more: Any,
) -> Response:
    """An error as `application/problem+json`."""
    body = {
        "type": f"urn:elsom-payments:problem:{name}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"urn:uuid:{request_id}",
        **more,
    }
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    return json_answer(status, body, headers, _PROBLEM)


def problem_of(error: errors.PaymentsError, request_id: str, *, has_key: bool = False) -> Response:
    """The problem that a shop gets for an error. `has_key`: its call has an Idempotency-Key."""
    match error:
        case errors.InvalidRequest():
            fields = [{"field": field, "message": message} for field, message in error.errors]
            return problem(
                400,
                "invalid-request",
                "The request is not valid",
                str(error),
                request_id,
                errors=fields,
            )
        case errors.ElsomRefused():
            return problem(
                422,
                "elsom-refused",
                "Elsom refused the payment",
                f"{error}; see elsomErrorMessage. A new attempt needs a new Idempotency-Key.",
                request_id,
                paymentId=error.payment_id,
                elsomErrorCode=error.code,
                elsomErrorMessage=error.elsom_message,
            )
        case errors.StartInProgress():
            return problem(
                409,
                "start-in-progress",
                "The first call with this key still runs",
                str(error),
                request_id,
                retry_after=error.retry_after,
            )
    status, name, title, text, retry = _PROBLEMS.get(type(error), _INTERNAL)
    detail = text.format(key=" with the same Idempotency-Key" if has_key else "") or str(error)
    return problem(status, name, title, detail, request_id, retry_after=retry)


def handle_errors(
    to_response: Callable[[errors.PaymentsError, str], Response],
) -> Callable[[Handler], Handler]:
    """Wrap a handler: `to_response` turns an error and the request id into the response."""

    def wrap(handle: Handler) -> Handler:
        @wraps(handle)
        def guard(event: LambdaEvent, context: Any) -> Response:
            request_id = (event.get("requestContext") or {}).get("requestId", "")
            try:
                return handle(event, context)
            except errors.PaymentsError as error:
                answer = to_response(error, request_id)
                logger.info("refused", problem=answer["statusCode"], error=type(error).__name__)
                return answer
            except Exception as error:  # noqa: BLE001 - the outermost level: no stack trace may leave it
                # The error's text may hold a secret: only its type and place are logged.
                logger.error("unexpected error", error=type(error).__name__, place=_place(error))
                return to_response(errors.PaymentsError(), request_id)

        return guard

    return wrap


# Status, name, title, detail (where it is empty: the error's own text), seconds of Retry-After.
_INTERNAL: Final = (
    500, "internal", "Internal error",
    "It is safe to repeat the request{key}. If it fails again, quote `instance`.", None,
)  # fmt: skip
_PROBLEMS: Final[Mapping[type, tuple[int, str, str, str, int | None]]] = {
    errors.NotFound: (404, "not-found", "Not found", "There is nothing under this id.", None),
    errors.IdempotencyKeyReused: (
        422, "idempotency-key-reused", "The key belongs to another request", "", None,
    ),
    errors.StateConflict: (409, "conflict", "Not possible in this state", "", None),
    errors.ElsomUnreachable: (
        503, "elsom-unreachable", "Elsom does not respond",
        "Repeat the request{key}.", _RETRY_SECONDS,
    ),
    errors.NotConfigured: (
        503, "not-configured", "The stack is not set up",
        "The merchant's secret is not filled in or cannot be read.", _RETRY_SECONDS,
    ),
    errors.StoreUnavailable: (
        503, "try-again", "The store does not respond",
        "Repeat the request{key}.", _RETRY_SECONDS,
    ),
    errors.ReportTooLarge: (
        503, "report-too-large", "The day is too large",
        "It cannot be added up in the function's time; `./elsom report` has no such limit.", None,
    ),
    errors.QueueUnavailable: (
        503, "try-again", "The queue or the bus does not respond",
        "Repeat the request{key}.", _RETRY_SECONDS,
    ),
}  # fmt: skip


def _place(error: BaseException) -> str:
    """The file and line where an error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"


def _body(event: LambdaEvent) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()


def _cookie_header(event: LambdaEvent, headers: Mapping[str, str]) -> str:
    """All cookies: HTTP/2 sends each in a field of its own, and `headers` holds only the last."""
    for name, fields in (event.get("multiValueHeaders") or {}).items():
        if name.lower() == "cookie" and fields:
            return "; ".join(fields)
    return headers.get("cookie", "")


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, _, value in pairs if name}


def _base_url(event: LambdaEvent, headers: Mapping[str, str], *, local: bool) -> str:
    """The API's address as the caller used it: the request's path without the route."""
    context = event.get("requestContext") or {}
    route: str = event["resource"]
    for name, value in (event.get("pathParameters") or {}).items():
        route = route.replace(f"{{{name}}}", value)
    base = str(context.get("path", "")).removesuffix(route)
    if local:
        return f"http://{headers.get('host', '')}/_aws/execute-api/{context.get('apiId')}{base}"
    return f"https://{context.get('domainName', '')}{base}"
