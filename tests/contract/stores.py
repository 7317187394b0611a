"""The three stores that are held to the same tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from payments.store.inbox import Inbox, InboxTable
from payments.store.payments import Payments, PaymentTable
from payments.store.schedule import Schedule, ScheduleTable
from payments.store.table import Table
from tests.contract.tables import new_table
from tests.fakes.memory import MemoryStore


@dataclass(frozen=True)
class Stores:
    """One empty store, as the use cases see it."""

    payments: Payments
    inbox: Inbox
    schedule: Schedule


@dataclass(frozen=True)
class DynamoStores(Stores):
    """The same in DynamoDB, with the client and the table's name."""

    client: Any
    name: str
    table: Table


def in_memory() -> Stores:
    store = MemoryStore()
    return Stores(store.payments, store.inbox, store.schedule)


def in_dynamodb(client: Any, token: Callable[[], str] | None = None) -> DynamoStores:
    name = new_table(client)
    table = Table(client, name)
    payments = PaymentTable(table, token) if token else PaymentTable(table)
    return DynamoStores(
        payments=payments,
        inbox=InboxTable(table),
        schedule=ScheduleTable(table),
        client=client,
        name=name,
        table=table,
    )
