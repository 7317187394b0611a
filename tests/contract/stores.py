"""The stores that are held to the same tests."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from payments.store.inbox import Inbox, InboxTable
from payments.store.payments import Payments, PaymentTable
from payments.store.schedule import Schedule, ScheduleTable
from payments.store.table import Table
from tests.contract.tables import new_table
from tests.fakes.memory import MemoryStore
from tests.fakes.world import NOW
from tests.simulation.dynamodb import MemoryDynamoDB
from tests.simulation.faults import NoLag, OpenGate


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


def in_simulation() -> DynamoStores:
    """The real store over the DynamoDB that the simulation and the exploration play on."""
    return _over(MemoryDynamoDB(OpenGate(), lambda: NOW, NoLag()), "payments")


def in_dynamodb(client: Any, token: Callable[[], str] | None = None) -> DynamoStores:
    return _over(client, new_table(client), token)


def _over(client: Any, name: str, token: Callable[[], str] | None = None) -> DynamoStores:
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
