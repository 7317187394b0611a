"""Times as the control API writes them."""

from datetime import UTC, datetime


def now_text() -> str:
    """The present moment, RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
