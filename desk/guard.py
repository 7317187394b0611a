"""Who may come in, and what no page goes without: tokens in forms, and headers."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, NamedTuple, cast

from flask import Flask, Response, g, request, session
from werkzeug.exceptions import BadRequest, Forbidden, HTTPException

from desk.sessions import Session

TOKEN: Final = "csrf_token"  # noqa: S105 - the name of a form's field
OPERATORS: Final = "operators"
VIEWERS: Final = "viewers"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Person(NamedTuple):
    """Who is at the desk."""

    name: str
    group: str

    @property
    def may_act(self) -> bool:
        """Whether this person may change anything."""
        return self.group == OPERATORS


class LoginNeeded(HTTPException):
    """Nobody is logged in; the access says what to do about it."""

    code = 401
    description = "login needed"


class FormTooOld(BadRequest):
    """The form's token is not that of this session."""


def person() -> Person:
    """Who this request is from. Raises LoginNeeded."""
    found: Person | None = g.get("person")
    if found is None:
        raise LoginNeeded
    return found


def log_in(name: str, group: str) -> None:
    """Let this session be that person's, under a new name and with a new token."""
    session_of().renew()
    session["person"] = [name, group]


def session_of() -> Session:
    """This request's session."""
    return cast("Session", session)


def acts[**P](view: Callable[P, Any]) -> Callable[P, Any]:
    """A view that changes something: refused to all but operators, whatever their page shows."""

    @wraps(view)
    def guarded_view(*args: P.args, **named: P.kwargs) -> Any:
        if not person().may_act:
            raise Forbidden
        return view(*args, **named)

    return guarded_view


def token() -> str:
    """What every form of this session sends along."""
    if TOKEN not in session:
        session[TOKEN] = secrets.token_urlsafe(32)
    found: str = session[TOKEN]
    return found


def check_form() -> None:
    """Refuse what another site's page sends. Raises FormTooOld.

    The language needs no token: it is chosen before anybody has a session, and harms nobody.
    """
    if request.method in _SAFE:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise FormTooOld
    if request.endpoint == "language":
        return
    sent, known = request.form.get(TOKEN, ""), session.get(TOKEN, "")
    if not known:
        raise FormTooOld
    if not hmac.compare_digest(sent.encode(), known.encode()):
        raise FormTooOld


def protect(app: Flask, login_origin: str, *, secure: bool) -> None:
    """Have these headers on every answer. A form may lead on to the login's origin."""
    forms = f"'self' {login_origin}".strip()
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        f" form-action {forms}; frame-ancestors 'none'"
    )

    def add_headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    app.after_request(add_headers)
