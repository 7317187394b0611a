"""Puts together what the shop is told; apart, since starts and checks need none of it."""

from __future__ import annotations

from functools import cache

from payments.aws import client
from payments.queue import SqsQueue
from payments.settings import settings
from payments.store.cases import CaseTable
from payments.store.listing import ListingTable
from payments.store.webhooks import DeliveryTable
from payments.wiring import table


@cache
def listing() -> ListingTable:
    """Lists of payments."""
    return ListingTable(table())


@cache
def cases() -> CaseTable:
    """Money that matches no open order."""
    return CaseTable(table())


@cache
def deliveries() -> DeliveryTable:
    """Webhooks that wait for their next try."""
    return DeliveryTable(table())


@cache
def webhooks_queue() -> SqsQueue:
    """The queue of webhooks to be sent now."""
    return SqsQueue(client("sqs"), settings().webhooks_queue_url)
