"""The web application: pages, control API, and the one way that a call of the protocol takes."""

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from sandbox import protocol
from sandbox.control import answer, control
from sandbox.elsom import Reply
from sandbox.faults import JSON
from sandbox.pages import pages
from sandbox.parts import Call, here
from sandbox.server import AFTER
from sandbox.transactions import now_text


def create_app() -> Flask:
    """The application; its sandbox is put into `extensions` before it is called."""
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=1_048_576, PROPAGATE_EXCEPTIONS=True)
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.register_blueprint(control)
    app.register_blueprint(pages)
    app.register_error_handler(HTTPException, _no_page)
    return app


def _no_page(error: HTTPException) -> ResponseReturnValue:
    """What is neither a page nor the control API is a call of Elsom's, whatever its path."""
    if error.code not in (404, 405):
        return answer({"error": error.description}, error.code or 500)
    if request.path.startswith(f"{control.url_prefix}/"):
        return answer({"error": f"There is no {request.method} {request.path}."}, error.code)
    body = request.get_data()
    asked = protocol.read_request(body)
    call = Call(
        number=next(here.numbers),
        at=now_text(),
        verb=request.method,
        path=request.environ["RAW_URI"],
        method=asked.name,
        trn=asked.trn,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body.decode("utf-8", "backslashreplace"),
    )
    # Kept on arrival, before anything is done about it, and again just before it is answered.
    here.calls.append(call)
    here.store.changed()
    if request.method == "POST":
        response = _answer(call, asked)
    else:
        response = answer({"error": "Elsom is called by POST."}, 404)
    text = response.get_data().decode("utf-8", "backslashreplace")
    call.answer_status = response.status_code
    call.answer = None if call.fault == "cut" else text
    here.store.changed()
    return response


def _answer(call: Call, asked: protocol.Request) -> Response:
    """Answer as Elsom would, spoilt by the ordered fault. ConnectionAbortedError: not at all."""
    end = here.faults.cleared
    fault = here.faults.take(asked)
    reply = Reply(b"")
    if fault is None or fault.accepted:
        reply = here.elsom.answer(asked, request.headers.get("Content-Type", ""))
        request.environ[AFTER] = reply.after
        fault = fault or reply.fault
    if fault is None:
        return Response(reply.body, headers=JSON)
    call.fault = fault.fault
    usual = reply.body
    if fault.fault == "errorcode":
        usual = protocol.refusal(str(fault.error_code), fault.error_msg, here.elsom.options)
    return fault.answer(usual, request.environ["werkzeug.socket"], end)
