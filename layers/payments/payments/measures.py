"""What the table's stream says about payments, as numbers.

Counted here and not where payments change, since here every change passes once, whoever made it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from payments.model import Asker, Status
from payments.telemetry import Metric

_COUNTED: Final = {
    Status.PENDING: Metric.STARTED,
    Status.START_UNKNOWN: Metric.START_UNKNOWN,
    Status.PAID: Metric.PAID,
    Status.EXPIRED: Metric.ENDED_UNPAID,
    Status.CANCELLED: Metric.ENDED_UNPAID,
    Status.FAILED: Metric.ENDED_UNPAID,
}
# Who first found it paid. A page or the shop may be quicker than any notification: no proof.
_FOUND_BY: Final = {
    Asker.NOTIFICATION: Metric.PAID_NOTIFIED,
    Asker.FOLLOW_UP: Metric.PAID_NOTIFIED,
    Asker.SCHEDULE: Metric.PAID_UNNOTIFIED,
}
_TYIYN: Final = 100


def changes_of(records: Iterable[Mapping[str, Any]]) -> dict[Metric, float]:
    """How many payments changed to what in a batch of stream records, and the som paid.

    A record that cannot be read counts nothing.
    """
    counted: dict[Metric, float] = defaultdict(float)
    for record in records:
        change = record.get("dynamodb", {})
        after, before = change.get("NewImage") or {}, change.get("OldImage") or {}
        status = _text(after, "status")
        if _text(after, "kind") != "payment" or status == _text(before, "status"):
            continue
        metric = _COUNTED.get(status)  # type: ignore[call-overload] # a word is a Status or not
        if metric is not None:
            counted[metric] += 1
        if metric is Metric.PAID:
            _count_paid(after, counted)
    return counted


def _count_paid(image: Mapping[str, Any], counted: dict[Metric, float]) -> None:
    amount = image.get("amount", {}).get("N", "0")
    # For a graph: reports add up whole tyiyn.
    counted[Metric.PAID_SOM] += int(amount) / _TYIYN
    found_by = _FOUND_BY.get(_text(image, "askedBy"))  # type: ignore[call-overload]
    if found_by is not None:
        counted[found_by] += 1


def _text(image: Mapping[str, Any], name: str) -> str | None:
    text: str | None = image.get(name, {}).get("S")
    return text
