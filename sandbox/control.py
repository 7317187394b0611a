"""The control API under /_sandbox/: what tests and tools ask of the sandbox."""

import json
from collections.abc import Callable
from typing import Final

from sandbox import options, protocol
from sandbox.app import Sandbox
from sandbox.connection import Response, json_response
from sandbox.faults import fault_from
from sandbox.loopback import check_portal_url
from sandbox.notify import compose
from sandbox.transactions import Json, Transaction

PREFIX: Final = "/_sandbox/"
_MOST_NOTIFICATIONS: Final = 100
_LONGEST_LAG_SECONDS: Final = 3600

Query = dict[str, str]


class Control:
    """Routes of the control API. Wrong input is 400 with one sentence in `error`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._routes: dict[tuple[str, str], Callable[[Query, Json], Response]] = {
            ("GET", "health"): self._health,
            ("GET", "calls"): self._calls,
            ("GET", "transactions"): self._transactions,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "portal"): self._portal,
            ("PUT", "portal"): self._set_portal,
            ("GET", "options"): self._options,
            ("PUT", "options"): self._set_options,
            ("POST", "reset"): self._reset,
        }

    def handle(self, verb: str, path: str, query: Query, body: bytes) -> Response:
        """Answer one request of the control API."""
        name = path.removeprefix(PREFIX).rstrip("/")
        try:
            document = _document(body)
            if name.startswith("transactions/"):
                return self._one_transaction(verb, name.split("/")[1:], document)
            route = self._routes.get((verb, name))
            if route is not None:
                return route(query, document)
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        if any(name == known for _, known in self._routes):
            return json_response({"error": f"{path} does not take {verb}."}, 405)
        return json_response({"error": f"There is no {path}."}, 404)

    def _health(self, _query: Query, _document: Json) -> Response:
        url = self._sandbox.public_url
        return json_response({"status": "ok", "url": url})

    def _calls(self, query: Query, _document: Json) -> Response:
        found = self._sandbox.calls.find(query.get("trn"), query.get("method"))
        return json_response({"items": [call.as_json() for call in found]})

    def _transactions(self, _query: Query, _document: Json) -> Response:
        return json_response({"items": self._sandbox.store.all()})

    def _faults(self, _query: Query, _document: Json) -> Response:
        return json_response({"items": self._sandbox.faults.all()})

    def _add_fault(self, query: Query, document: Json) -> Response:
        fault = fault_from(document)
        if fault.fault == "refuse":
            self._sandbox.refuse(fault.seconds)
        else:
            self._sandbox.faults.add(fault)
        return self._faults(query, document)

    def _clear_faults(self, query: Query, document: Json) -> Response:
        self._sandbox.faults.clear()
        self._sandbox.open_again()
        return self._faults(query, document)

    def _portal(self, _query: Query, _document: Json) -> Response:
        return json_response({"url": self._sandbox.store.portal_url})

    def _set_portal(self, query: Query, document: Json) -> Response:
        url = document.get("url")
        if not isinstance(url, str):
            raise ValueError("url is a text.")
        self._sandbox.store.set_portal_url(check_portal_url(url))
        return self._portal(query, document)

    def _options(self, _query: Query, _document: Json) -> Response:
        return json_response(self._sandbox.elsom.options.as_json())

    def _set_options(self, query: Query, document: Json) -> Response:
        elsom = self._sandbox.elsom
        elsom.options = options.change(elsom.options, document)
        return self._options(query, document)

    def _reset(self, _query: Query, _document: Json) -> Response:
        self._sandbox.reset()
        return json_response({"status": "ok"})

    def _one_transaction(self, verb: str, parts: list[str], document: Json) -> Response:
        trn, action = parts[0], "/".join(parts[1:])
        if (verb, action) == ("POST", "status"):
            return self._set_status(trn, document)
        if (verb, action) == ("POST", "notify"):
            return self._notify(trn, document)
        transaction = self._sandbox.store.get(trn)
        if (verb, action) != ("GET", "") or transaction is None:
            return json_response({"error": "There is no such transaction or action."}, 404)
        return json_response(transaction.as_json())

    def _set_status(self, trn: str, document: Json) -> Response:
        status = document.get("status")
        notify = document.get("notify", False)
        lag = document.get("lagSeconds", 0)
        if status not in protocol.STATUSES:
            raise ValueError(f"status is one of {', '.join(protocol.STATUSES)}.")
        if not isinstance(notify, bool):
            raise ValueError("notify is true or false.")
        if isinstance(lag, bool) or not isinstance(lag, int | float):
            raise ValueError("lagSeconds is a number.")
        if not 0 <= lag <= _LONGEST_LAG_SECONDS:
            raise ValueError(f"lagSeconds is from 0 to {_LONGEST_LAG_SECONDS}.")
        elsom = self._sandbox.elsom
        transaction = elsom.set_status(trn, str(status), float(lag))
        if notify:
            elsom.notifier.send_now(transaction, 1)
        return json_response(transaction.as_json())

    def _notify(self, trn: str, document: Json) -> Response:
        elsom = self._sandbox.elsom
        transaction = self._sandbox.store.get(trn) or Transaction(trn, "PSP0", status="A")
        times, at_once = document.get("times", 1), document.get("atOnce", False)
        fields, raw_body = document.get("fields", {}), document.get("rawBody")
        content_type = document.get("contentType")
        if isinstance(times, bool) or not isinstance(times, int):
            raise ValueError("times is a whole number.")
        if not 1 <= times <= _MOST_NOTIFICATIONS:
            raise ValueError(f"times is from 1 to {_MOST_NOTIFICATIONS}.")
        if not isinstance(at_once, bool) or not isinstance(fields, dict):
            raise ValueError("atOnce is true or false, fields is an object.")
        if not isinstance(raw_body, str | None) or not isinstance(content_type, str | None):
            raise ValueError("rawBody and contentType are texts.")
        if content_type is not None and not (content_type.isprintable() and content_type.isascii()):
            raise ValueError("contentType is one line of ASCII.")
        body = (
            compose(transaction, elsom.options, fields) if raw_body is None else raw_body.encode()
        )
        if at_once:
            results = elsom.notifier.send_at_once(transaction, [body] * times, content_type)
        else:
            results = [elsom.notifier.send(transaction, body, content_type) for _ in range(times)]
        return json_response({"items": results})


def _document(body: bytes) -> Json:
    if not body:
        return {}
    document = json.loads(body.decode("utf-8"))
    json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    if not isinstance(document, dict):
        raise ValueError("The body is one JSON object.")
    return document
