"""The control API under /_sandbox/: what tests and tools want of the sandbox."""

from typing import Annotated

import msgspec
from flask import Blueprint, Response, abort, request
from msgspec import Meta

from sandbox.elsom import Notice
from sandbox.faults import JSON, Fault
from sandbox.parts import here
from sandbox.transactions import Status, Transaction

control = Blueprint("control", __name__, url_prefix="/_sandbox")


class _SetStatus(msgspec.Struct, rename="camel"):
    status: Status
    notify: bool = False
    lag_seconds: Annotated[float, Meta(ge=0, le=3600)] = 0.0


def answer(document: object, status: int = 200) -> Response:
    text = msgspec.json.format(msgspec.json.encode(document), indent=1)
    return Response(text + b"\n", status, JSON)


def _ordered[T](kind: type[T]) -> T:
    return msgspec.json.decode(request.get_data() or b"{}", type=kind)


control.add_url_rule("/health", "health", lambda: answer({"status": "ok", "url": here.server.url}))


@control.errorhandler(ValueError)
def _wrong(error: ValueError) -> Response:
    return answer({"error": f"{error} (the page / shows what is taken here)"}, 400)


@control.get("/calls")
def _calls() -> Response:
    trn, method = request.args.get("trn"), request.args.get("method")
    calls = [one for one in here.calls.copy() if trn in (None, one.trn)]
    return answer({"items": [one for one in calls if method in (None, one.method)]})


@control.get("/transactions")
def _transactions() -> Response:
    return answer({"items": list(here.store.known.values())})


@control.get("/transactions/<trn>")
def _transaction(trn: str) -> Response:
    return answer(here.store.known.get(trn) or abort(404))


@control.post("/transactions/<trn>/status")
def _set_status(trn: str) -> Response:
    wanted = _ordered(_SetStatus)
    transaction = here.elsom.set_status(trn, wanted.status, wanted.lag_seconds)
    if wanted.notify:
        here.elsom.notify(transaction)
    return answer(transaction)


@control.post("/transactions/<trn>/notify")
def _notify(trn: str) -> Response:
    # One that is not known is notified too: a forged notification.
    transaction = here.store.known.get(trn) or Transaction(trn, "PSP0", status="A")
    return answer({"items": here.elsom.notify(transaction, _ordered(Notice))})


@control.route("/faults", methods=["GET", "POST", "DELETE"])
def _faults() -> Response:
    if request.method == "POST":
        fault = _ordered(Fault)
        if fault.fault == "refuse":
            here.server.refuse(fault.seconds or 0.0)
        else:
            here.faults.waiting.append(fault)
    if request.method == "DELETE":
        here.faults.clear()
        here.server.open_again()
    return answer({"items": here.faults.waiting})


@control.route("/portal", methods=["GET", "PUT"])
def _portal() -> Response:
    if request.method == "PUT":
        here.store.set_portal_url(_ordered(dict[str, str]).get("url", ""))
    return answer({"url": here.store.portal_url})


@control.route("/options", methods=["GET", "PUT"])
def _options() -> Response:
    if request.method == "PUT":
        here.elsom.options = here.elsom.options.changed(_ordered(dict[str, object]))
    return answer(here.elsom.options)


@control.post("/reset")
def _reset() -> Response:
    here.reset()
    return answer({"status": "ok"})
