"""Puts the publisher and its bus together."""

from __future__ import annotations

from functools import cache

from payments import shop_wiring, wiring
from payments.aws import client
from payments.bus import EventBridgeBus
from payments.publish import Publishing
from payments.queue import SqsQueue
from payments.settings import settings


@cache
def bus() -> EventBridgeBus:
    """Where events are told."""
    return EventBridgeBus(client("events"), settings().event_bus)


@cache
def publishing() -> Publishing:
    """What the publisher works with."""
    return Publishing(
        bus=bus(),
        cases=shop_wiring.cases(),
        payments=wiring.payments(),
        aside=SqsQueue(client("sqs"), settings().unpublished_queue_url),
        report_unknown=settings().report_unknown_payments,
    )
