"""Bishkek's days and clock (UTC+6 all year)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

BISHKEK: Final = timezone(timedelta(hours=6))
Clock = Callable[[], datetime]
_DAY: Final = re.compile(r"2[0-9]{3}-[0-9]{2}-[0-9]{2}")


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def local(moment: datetime) -> datetime:
    """A moment by Bishkek's clock."""
    return moment.astimezone(BISHKEK)


def day_of(moment: datetime) -> date:
    """The day it is in Bishkek at this moment."""
    return local(moment).date()


def span_of(first: date, last: date) -> tuple[datetime, datetime]:
    """From the first moment of one day to the last millisecond of another, both in Bishkek."""
    begin = datetime.combine(first, time(), BISHKEK)
    end = datetime.combine(last, time(), BISHKEK) + timedelta(days=1, milliseconds=-1)
    return begin, end


def parse_day(text: str) -> date | None:
    """The day in a form or a path; None if it is none."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def parse_moment(text: object) -> datetime | None:
    """The RFC 3339 time in a timeline or in evidence; None if it is none."""
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
