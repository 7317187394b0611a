"""How a person comes in. Here: on this machine, by the address that the command printed."""

from __future__ import annotations

import hmac
from typing import Any, Protocol

from flask import Flask, abort, g, redirect, request, session, url_for

from desk.guard import OPERATORS, Person, log_in


class Access(Protocol):
    """Who may come in, and how."""

    # Where a login takes place, if it is not here; empty: here.
    login_origin: str

    def add_to(self, app: Flask) -> None:
        """Add the routes by which one comes in."""

    def find_person(self) -> None:
        """Put who is logged in into `g.person`, if anybody is."""

    def how_to_come_in(self) -> tuple[str, str | None]:
        """For whoever is not logged in: the name of the words that say how, and a link."""


class LocalAccess:
    """The person who started the desk, and nobody else on this machine who lacks its key.

    Without a key whoever reaches the port is that person: for a sandbox only.
    """

    login_origin = ""

    def __init__(self, name: str, key: str | None) -> None:
        self._name = name
        self._key = key

    def add_to(self, app: Flask) -> None:
        """`/enter?key=...`, which the command prints."""
        app.add_url_rule("/enter", "enter", self._enter)

    def find_person(self) -> None:
        """The one person, once the key was given."""
        if self._key is None:
            g.person = Person(self._name, OPERATORS)
        elif "person" in session:
            g.person = Person(*session["person"])

    def how_to_come_in(self) -> tuple[str, str | None]:
        """Only the command knows the address."""
        return "enter", None

    def _enter(self) -> Any:
        given = request.args.get("key", "")
        if self._key is None or not hmac.compare_digest(given.encode(), self._key.encode()):
            abort(404)
        log_in(self._name, OPERATORS)
        return redirect(url_for("today.show"))
