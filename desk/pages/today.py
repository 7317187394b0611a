"""*Today*: the first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from flask import Blueprint

from desk.deps import deps, page
from desk.figures import Today
from elsom_payments_client import Total

blueprint = Blueprint("today", __name__)

_WIDTH: Final = 20
_GAP: Final = 4
_HEIGHT: Final = 120
_LEAST: Final = 2


@dataclass(frozen=True)
class Bar:
    """One day of the chart, in the drawing's own units."""

    day: date
    total: Total | None
    x: int
    y: int
    height: int


@blueprint.get("/")
def show() -> Any:
    """The numbers of today, and a month's bars."""
    today = deps().figures.today()
    missing = sum(total is None for total in today.days.values())
    return page("today.html", today=today, bars=bars(today), missing=missing, height=_HEIGHT)


def bars(today: Today) -> list[Bar]:
    """The days as bars, the tallest as high as the drawing."""
    most = max((_tyiyn(total) for total in today.days.values()), default=0)
    found = []
    for place, (day, total) in enumerate(today.days.items()):
        tyiyn = _tyiyn(total)
        height = max(_LEAST, round(tyiyn * _HEIGHT / most)) if tyiyn else 0
        found.append(Bar(day, total, place * (_WIDTH + _GAP), _HEIGHT - height, height))
    return found


def _tyiyn(total: Total | None) -> int:
    return int(total.amount.replace(".", "")) if total else 0
