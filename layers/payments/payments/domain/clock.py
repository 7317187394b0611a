"""Times: whole milliseconds since the epoch inside, RFC 3339 UTC outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], int]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def now_ms() -> int:
    """The wall clock in milliseconds; nothing else reads the time of day."""
    return time.time_ns() // 1_000_000


def to_rfc3339(moment: int) -> str:
    """Turn milliseconds into `2026-11-24T04:07:59.123Z`."""
    text = (_EPOCH + timedelta(milliseconds=moment)).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def from_rfc3339(text: str) -> int:
    """Turn an RFC 3339 time with a zone into milliseconds; raise ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = "a time needs its zone, as in 2026-11-24T00:00:00Z"
        raise ValueError(msg)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def utc_day(moment: int) -> str:
    """The UTC day of a time, as `2026-11-24`."""
    return (_EPOCH + timedelta(milliseconds=moment)).date().isoformat()


def utc_days(first: int, last: int) -> list[str]:
    """The UTC days from one time to another, both included; none before the epoch."""
    days = range(max(first, 0) // DAY, last // DAY + 1)
    return [utc_day(day * DAY) for day in days]
