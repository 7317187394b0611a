"""Puts the real parts together, once per process; handlers ask here for what they need."""

from __future__ import annotations

from functools import cache

from payments.aws import client
from payments.bus import EventBridgeBus
from payments.http import Event, Request, read_request
from payments.merchant import MerchantVault, secrets_manager_reader
from payments.queue import SqsChecksQueue, SqsQueue
from payments.settings import settings
from payments.store.cases import CaseTable
from payments.store.inbox import InboxTable
from payments.store.listing import ListingTable
from payments.store.payments import PaymentTable
from payments.store.schedule import ScheduleTable
from payments.store.table import Table
from payments.store.webhooks import DeliveryTable


@cache
def table() -> Table:
    """The payments table."""
    return Table(client("dynamodb"), settings().payments_table)


@cache
def payments() -> PaymentTable:
    """The store of payments."""
    return PaymentTable(table())


@cache
def inbox() -> InboxTable:
    """The inbox of notifications and unknown ids."""
    return InboxTable(table())


@cache
def schedule() -> ScheduleTable:
    """What is due, and Elsom's health."""
    return ScheduleTable(table())


@cache
def listing() -> ListingTable:
    """Lists of payments."""
    return ListingTable(table())


@cache
def checks_queue() -> SqsChecksQueue:
    """The queue of wishes to ask Elsom."""
    return SqsChecksQueue(client("sqs"), settings().checks_queue_url)


@cache
def webhooks_queue() -> SqsQueue:
    """The queue of webhooks to be sent now."""
    return SqsQueue(client("sqs"), settings().webhooks_queue_url)


@cache
def deliveries() -> DeliveryTable:
    """Webhooks that wait for their next try."""
    return DeliveryTable(table())


@cache
def cases() -> CaseTable:
    """Money that matches no open order."""
    return CaseTable(table())


@cache
def bus() -> EventBridgeBus:
    """Where events are told."""
    return EventBridgeBus(client("events"), settings().event_bus)


@cache
def vault() -> MerchantVault:
    """The merchant's secret."""
    return MerchantVault(secrets_manager_reader(client("secretsmanager"), settings().secret_arn))


def request_of(event: Event) -> Request:
    """The event as a request, with the API's own address."""
    return read_request(event, settings().public_base_url, local=settings().sandbox_mode)
