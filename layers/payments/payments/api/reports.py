"""A day's report, added up while the function has time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from payments.domain.errors import InvalidRequest
from payments.domain.reports import ReportView, span_of, view_report
from payments.store.reports import Reports

# What is left for the answer, in seconds.
RESERVE: Final = 3.0
# Centuries in which a payment can have been made; `fromisoformat` alone takes other forms too.
_DAY: Final = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str) -> date:
    """The day in the path; raise InvalidRequest."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidRequest(("day", "must be a day from 2000 on, such as 2026-11-24"))


def make_report(day: date, reports: Reports, seconds_left: Callable[[], float]) -> ReportView:
    """The day's totals; raise ReportTooLarge when they cannot be added up in time."""
    first, last = span_of(day)
    return view_report(day, reports.sums(first, last, lambda: seconds_left() > RESERVE))
