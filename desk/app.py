"""The Flask application: pages, words, who may come in, and what is said when something fails."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.exceptions import HTTPException, SecurityError

from desk.access import Access
from desk.api import Api
from desk.deps import Deps, deps, page, state_of, words
from desk.figures import Figures
from desk.guard import TOKEN, FormTooOld, LoginNeeded, check_form, person, protect, token
from desk.pages import cases, payments, reports, today
from desk.sessions import MemoryStore, Store, StoredSessions
from desk.times import Clock, day_of, now
from desk.words import LANGUAGES
from desk.words import words as words_of
from elsom_payments_client import (
    ApiError,
    ElsomPaymentsError,
    GatewayError,
    NotConfigured,
    NotFound,
    ReportTooLarge,
)

log = logging.getLogger("desk")

# What may be asked for by somebody who is not logged in.
OPEN_ENDPOINTS: Final = frozenset({"static", "enter", "login", "callback", "language", "health"})
_LANGUAGE: Final = "desk-language"
_YEAR: Final = 365 * 24 * 60 * 60
_LONGEST_BODY: Final = 16 * 1024


@dataclass(frozen=True)
class Options:
    """How this desk is set up. `hosts`: the only names it answers to; empty: whatever it is."""

    stack: str
    hosts: tuple[str, ...] = ()
    secure: bool = False
    store: Store = field(default_factory=MemoryStore)
    clock: Clock = now


def create_app(api: Api, access: Access, options: Options) -> Flask:
    """The desk over one stack's API."""
    app = Flask(__name__)
    app.config["TRUSTED_HOSTS"] = list(options.hosts) or None
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_BODY
    # Static files have a name of their own for each content, see `_static`.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.session_interface = StoredSessions(
        options.store, secure=options.secure, clock=lambda: options.clock().timestamp()
    )
    app.extensions["desk"] = Deps(
        api=api,
        clock=options.clock,
        figures=Figures(api, options.clock),
        stack=options.stack,
    )
    protect(app, access.login_origin, secure=options.secure)
    _add_before_each(app, access)
    access.add_to(app)
    for module in (today, payments, cases, reports):
        app.register_blueprint(module.blueprint)
    app.add_url_rule("/language", "language", _choose_language, methods=["POST"])
    app.add_url_rule("/health", "health", lambda: ("ok", 200))
    _add_words(app)
    _add_errors(app, access)
    return app


def _add_before_each(app: Flask, access: Access) -> None:
    @app.before_request
    def refuse_other_names() -> Response | None:
        # A page of another site can have its own name lead here.
        is_other = isinstance(request.routing_exception, SecurityError)
        return Response("This is not the desk's address.", 400) if is_other else None

    @app.before_request
    def choose_words() -> None:
        chosen = request.cookies.get(_LANGUAGE, "")
        best = request.accept_languages.best_match(LANGUAGES, "ru")
        g.words = words_of(chosen if chosen in LANGUAGES else best)

    @app.before_request
    def let_in() -> None:
        access.find_person()
        if request.endpoint not in OPEN_ENDPOINTS:
            person()

    app.before_request(check_form)


def _choose_language() -> Any:
    """Keep the language for this browser, and go back to the page that it was chosen on."""
    chosen, back = request.form.get("language", ""), request.form.get("back", "")
    # A path of the desk's own: no other site, however it is written.
    is_ours = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    response = redirect(request.script_root + back if is_ours else url_for("today.show"))
    if chosen in LANGUAGES:
        response.set_cookie(
            _LANGUAGE, chosen, max_age=_YEAR, secure=request.is_secure, httponly=True,
            samesite="Lax",
        )  # fmt: skip
    return response


def _add_words(app: Flask) -> None:
    @app.context_processor
    def shared() -> dict[str, Any]:
        here = request.full_path.removesuffix("?") if request.method == "GET" else "/"
        return {
            "t": words().text,
            "choice": words().choice,
            "has_words": words().has,
            "money": words().money,
            "number": words().number,
            "moment": words().moment,
            "day": words().day,
            "language": words().language,
            "languages": [words_of(code) for code in LANGUAGES],
            "person": g.get("person"),
            "state_of": state_of,
            "token": token,
            "token_name": TOKEN,
            "stack": deps().stack,
            "here": here,
            "today_day": day_of(deps().clock()),
        }


def _add_errors(app: Flask, access: Access) -> None:
    def problem(name: str, status: int, **more: Any) -> tuple[str, int]:
        return page("problem.html", status, name=name, **{"link": None, **more})

    @app.errorhandler(LoginNeeded)
    def login_needed(_error: LoginNeeded) -> Any:
        name, link = access.how_to_come_in()
        return problem(name, 401, link=link, action="login")

    @app.errorhandler(FormTooOld)
    def form_too_old(_error: FormTooOld) -> Any:
        return problem("expired_form", 400, link=url_for("today.show"), action="home")

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Any:
        status = error.code or 500
        name = {403: "forbidden", 404: "not_found"}.get(status, "internal")
        return problem(name, status, link=_home(), action="home")

    @app.errorhandler(ElsomPaymentsError)
    def api_failed(error: ElsomPaymentsError) -> Any:
        if isinstance(error, NotFound):
            return problem("not_found", 404, link=_home(), action="home")
        log.warning("api: %s", type(error).__name__)
        name = _problem_of(error)
        again = request.path if request.method == "GET" else None
        return problem(name, 503, link=again, action="again", detail=_detail(error))

    @app.errorhandler(Exception)
    def unforeseen(error: Exception) -> Any:
        # The error's own text may hold anything.
        log.error("unforeseen: %s", type(error).__name__, exc_info=app.debug)
        return problem("internal", 500, link=_home(), action="home")


def _home() -> str | None:
    return url_for("today.show") if g.get("person") else None


def _problem_of(error: ElsomPaymentsError) -> str:
    match error:
        case GatewayError() if error.status == 403:
            return "api_refused"
        case NotConfigured():
            return "not_configured"
        case ReportTooLarge():
            return "too_large"
    return "api"


def _detail(error: ElsomPaymentsError) -> str:
    """What a report of the problem should quote."""
    return error.request if isinstance(error, ApiError) else ""
