"""What the pages work with, and the words and links that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, render_template

from desk.api import Api
from desk.figures import Figures
from desk.times import Clock
from desk.words import Words
from elsom_payments_client import Payment


@dataclass(frozen=True)
class Deps:
    """One desk's collaborators."""

    api: Api
    clock: Clock
    figures: Figures
    stack: str


def deps() -> Deps:
    """This application's."""
    found: Deps = current_app.extensions["desk"]
    return found


def words() -> Words:
    """The words of this request's language."""
    found: Words = g.words
    return found


def page(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page of the desk."""
    return render_template(template, **values), status


def state_of(payment: Payment) -> str:
    """What a payment's badge says: its status, or what a person should know beyond it."""
    if payment.status == "paid" and payment.late:
        return "late"
    return "unresolved" if payment.status_reason == "unresolved" else payment.status
