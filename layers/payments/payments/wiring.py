"""Puts the real parts together, once per process; handlers ask here for what they need.

What only some functions use has a module of its own, since every import is paid at a cold start.
"""

from __future__ import annotations

from functools import cache

from payments.aws import client
from payments.http import Event, Request, read_request
from payments.merchant import MerchantVault, secrets_manager_reader
from payments.queue import SqsChecksQueue
from payments.settings import settings
from payments.store.inbox import InboxTable
from payments.store.payments import PaymentTable
from payments.store.schedule import ScheduleTable
from payments.store.table import Table


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
def checks_queue() -> SqsChecksQueue:
    """The queue of wishes to ask Elsom."""
    return SqsChecksQueue(client("sqs"), settings().checks_queue_url)


@cache
def vault() -> MerchantVault:
    """The merchant's secret."""
    return MerchantVault(secrets_manager_reader(client("secretsmanager"), settings().secret_arn))


def request_of(event: Event) -> Request:
    """The event as a request, with the API's own address."""
    return read_request(event, settings().public_base_url, local=settings().sandbox_mode)
