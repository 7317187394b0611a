"""The report of a day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from payments.domain.errors import InvalidRequest
from payments.domain.reports import ReportView, span_of, view_report
from payments.store.reports import Reports

# Seconds of the function's time that are kept for the response.
RESERVE: Final = 3.0
# `fromisoformat` alone accepts other forms too. No payment was made before 2000.
_DAY: Final = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")


def parse_day(text: str) -> date:
    """Read the day in the path; raise InvalidRequest if it is none."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidRequest(("day", "must be a day from 2000 on, such as 2026-11-24"))


def make_report(day: date, reports: Reports, seconds_left: Callable[[], float]) -> ReportView:
    """Add up a day; raise ReportTooLarge where the function's time is too short for it."""
    first, last = span_of(day)
    return view_report(day, reports.sums(first, last, lambda: seconds_left() > RESERVE))
