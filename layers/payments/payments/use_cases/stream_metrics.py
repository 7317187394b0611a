"""Metrics of payments, counted from the table's stream.

Payments are counted here, not where they change, since every change passes here once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from payments.domain.payment import Status, Trigger
from payments.telemetry import Metric

_COUNTED: Final[Mapping[str | None, Metric]] = {
    Status.PENDING: Metric.STARTED,
    Status.START_UNKNOWN: Metric.START_UNKNOWN,
    Status.PAID: Metric.PAID,
    Status.EXPIRED: Metric.ENDED_UNPAID,
    Status.CANCELLED: Metric.ENDED_UNPAID,
    Status.FAILED: Metric.ENDED_UNPAID,
}
# By the trigger that found the payment paid; a page or the shop may be quicker than a notification.
_UNNOTIFIED: Final[Mapping[str | None, int]] = {
    Trigger.NOTIFICATION: 0,
    Trigger.FOLLOW_UP: 0,
    Trigger.SCHEDULE: 1,
}
_TYIYN: Final = 100


def changes_of(records: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Metric, float]]:
    """The metrics of each change of a payment's status in a batch of stream records.

    A paid payment also adds its som (a float, for a graph only: reports add up whole tyiyn) and
    whether it was found without a notification. A record that cannot be read adds nothing.
    """
    for record in records:
        change = record.get("dynamodb", {})
        after, before = change.get("NewImage") or {}, change.get("OldImage") or {}
        status = _text(after, "status")
        if _text(after, "kind") != "payment" or status == _text(before, "status"):
            continue
        metric = _COUNTED.get(status)
        if metric is not None:
            yield metric, 1
        if metric is Metric.PAID:
            yield Metric.PAID_SOM, int(after.get("amount", {}).get("N", "0")) / _TYIYN
            unnotified = _UNNOTIFIED.get(_text(after, "queriedBy"))
            if unnotified is not None:
                yield Metric.PAID_UNNOTIFIED, unnotified


def _text(image: Mapping[str, Any], name: str) -> str | None:
    text: str | None = image.get(name, {}).get("S")
    return text
