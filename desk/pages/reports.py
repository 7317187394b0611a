"""*Day report*: a day's totals, and what was paid on it as a file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, abort, flash, redirect, request, url_for

from desk.deps import deps, page, words
from desk.downloads import csv_of, xlsx_of
from desk.pages.payments import STATUSES
from desk.times import day_of, parse_day, span_of
from elsom_payments_client import Payment, ReportTooLarge

blueprint = Blueprint("reports", __name__)

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PAGE_SIZE: Final = 100
# More rows than these would take longer than a page may; the command line has no such limit.
MOST_ROWS: Final = 10_000


@blueprint.get("/reports")
def index() -> Any:
    """The day of the form, else today."""
    text = request.args.get("day", "")
    day = parse_day(text)
    if text and day is None:
        flash(words().text("said.day_wrong"), "bad")
    return redirect(url_for("reports.show", day=day or day_of(deps().clock())))


@blueprint.get("/reports/<day>")
def show(day: str) -> Any:
    """A day's totals."""
    found = parse_day(day) or abort(404)
    today = day_of(deps().clock())
    shown: dict[str, Any] = {
        "of_day": found,
        "before": found - timedelta(days=1),
        "after": found + timedelta(days=1) if found < today else None,
        "running": found >= today,
    }
    try:
        report = deps().api.report(found)
    except ReportTooLarge:
        return page("report.html", 503, report=None, **shown)
    return page("report.html", report=report, statuses=STATUSES, **shown)


@blueprint.get("/reports/<day>.csv")
def as_csv(day: str) -> Any:
    """What was paid on that day, for a program: UTF-8, commas, decimal points."""
    found = parse_day(day) or abort(404)
    return _file(csv_of(_paid_on(day)), "text/csv; charset=utf-8", f"paid-{found}.csv")


@blueprint.get("/reports/<day>.xlsx")
def as_xlsx(day: str) -> Any:
    """The totals and what was paid on that day, for a person."""
    found = parse_day(day) or abort(404)
    report = deps().api.report(found)
    return _file(xlsx_of(report, _paid_on(day), words()), XLSX, f"report-{found}.xlsx")


def _paid_on(text: str) -> list[Payment]:
    """All payments of the day by the time of payment, the first one first."""
    day = parse_day(text) or abort(404)
    since, until = span_of(day, day)
    found: list[Payment] = []
    cursor = None
    while True:
        page_ = deps().api.list_page(
            paid_since=since, paid_until=until, limit=_PAGE_SIZE, cursor=cursor
        )
        found += page_.items
        cursor = page_.cursor
        if len(found) > MOST_ROWS:
            raise ReportTooLarge(503, {})
        if cursor is None:
            return found[::-1]


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
