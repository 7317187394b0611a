"""Puts the publisher together."""

from __future__ import annotations

from functools import cache

from payments import wiring
from payments.aws import client
from payments.publish import Publishing
from payments.queue import SqsQueue
from payments.settings import settings


@cache
def publishing() -> Publishing:
    """What the publisher works with."""
    return Publishing(
        bus=wiring.bus(),
        cases=wiring.cases(),
        payments=wiring.payments(),
        aside=SqsQueue(client("sqs"), settings().unpublished_queue_url),
        report_unknown=settings().report_unknown_payments,
    )
