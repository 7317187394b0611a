"""What tells the shop, without AWS: bus, cases, webhooks and a shop that answers as it is told."""

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from payments.aws.event_bus import Bus
from payments.domain.cases import Case, CaseState, resolve
from payments.domain.clock import MINUTE, SECOND
from payments.domain.errors import NotFound, QueueUnavailable, StoreUnavailable, WriteConflict
from payments.domain.events import Event
from payments.domain.payment import Payment
from payments.http_client import MaybeSent, NotSent
from payments.store import cases as stored_cases
from payments.store.cases import CasePage
from payments.store.inbox import Unknown
from payments.store.listing import Position
from payments.store.payments import item_of
from payments.store.table import Item, to_image
from payments.store.webhooks import Delivery
from payments.use_cases.deliver_webhook import DeliverDeps, DeliverResult, deliver_message
from payments.use_cases.publish_events import PublishDeps
from payments.use_cases.schedule_checks import ScheduleWebhooksDeps, send_due_webhooks
from payments.webhooks.rules import Target
from tests.fakes.memory import MemoryStore
from tests.fakes.world import ManualClock

SECRETS = tuple(f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2))
HOOK = "https://shop.example/hook"
PUBLIC = "1.1.1.1"


def record(before: Item | None, after: Item | None, name: str = "") -> dict[str, Any]:
    """A record of the table's stream, as Lambda gets it."""
    item = after or before or {}
    change: dict[str, Any] = {"Keys": to_image({"pk": item["pk"], "sk": item["sk"]})}
    if before is not None:
        change["OldImage"] = to_image(before)
    if after is not None:
        change["NewImage"] = to_image(after)
    known = "REMOVE" if after is None else "MODIFY" if before is not None else "INSERT"
    return {"eventName": name or known, "dynamodb": change}


def payment_record(before: Payment | None, after: Payment) -> dict[str, Any]:
    return record(item_of(before) if before else None, item_of(after))


def case_record(before: Case | None, after: Case) -> dict[str, Any]:
    return record(stored_cases.item_of(before) if before else None, stored_cases.item_of(after))


def unknown_record(before: Unknown | None, after: Unknown) -> dict[str, Any]:
    def item(unknown: Unknown) -> Item:
        fields: Item = msgspec.to_builtins(unknown)
        del fields["id"]
        return {**fields, "pk": unknown.id, "sk": "unknown", "kind": "unknown"}

    return record(item(before) if before else None, item(after))


class MemoryCases:
    """Cases by id."""

    def __init__(self) -> None:
        self.items: dict[str, Case] = {}
        self.down = False

    def open(self, case: Case) -> bool:
        if self.down:
            raise StoreUnavailable("DynamoDB: ThrottlingException")
        if case.id in self.items:
            return False
        self.items[case.id] = case
        return True

    def get(self, case_id: str) -> Case | None:
        return self.items.get(case_id)

    def resolve(self, case_id: str, note: str, now: int, resolved_by: str | None = None) -> Case:
        case = self.items.get(case_id)
        if case is None:
            raise NotFound
        self.items[case_id] = resolve(case, note, now, resolved_by)
        return self.items[case_id]

    def page(self, state: CaseState, limit: int, after: Position | None) -> CasePage:
        found = [
            (case.opened_at, case.id, case)
            for case in self.items.values()
            if case.state is state
            and (after is None or (case.opened_at, case.id) < (after.at, after.id))
        ]
        cases = [case for _, _, case in sorted(found, reverse=True)[:limit]]
        end = Position(cases[-1].opened_at, cases[-1].id) if len(cases) == limit else None
        return CasePage(cases, end)

    def kinds(self) -> list[tuple[str, str]]:
        return sorted((case.case_kind, case.payment_id) for case in self.items.values())

    def open_ones(self) -> list[Case]:
        return [case for case in self.items.values() if case.state is CaseState.OPEN]


class MemoryBus:
    """Keeps what it is told; `refused` are types it never takes."""

    def __init__(self) -> None:
        self.published: list[Event] = []
        self.down = False
        self.refused: set[str] = set()

    def publish(self, events: Sequence[Event]) -> list[Event]:
        if self.down:
            raise QueueUnavailable("bus: EndpointConnectionError")
        self.published += [event for event in events if event.type not in self.refused]
        return [event for event in events if event.type in self.refused]

    def types(self) -> list[str]:
        return [str(event.type) for event in self.published]


class MemoryTexts:
    """A queue of messages as JSON, with delays."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.waiting: list[tuple[int, str]] = []
        self.down = False

    def send(self, message: object, delay: int = 0) -> None:
        if self.down:
            raise QueueUnavailable("ConnectTimeoutError")
        text = msgspec.json.encode(message).decode()
        self.waiting.append((self._clock.now + delay * SECOND, text))

    def send_all(self, messages: Sequence[tuple[object, int]]) -> int:
        for message, delay in messages:
            self.send(message, delay)
        return len(messages)

    def backlog(self) -> int:
        return len(self.waiting)

    def take(self) -> list[str]:
        """What can be seen now, and is gone then."""
        seen = [text for at, text in self.waiting if at <= self._clock.now]
        self.waiting = [(at, text) for at, text in self.waiting if at > self._clock.now]
        return seen

    def texts(self) -> list[str]:
        return [text for _, text in self.waiting]


class MemoryDeliveries:
    """Deliveries by event id; a write holds only against the version it was read at."""

    def __init__(self) -> None:
        self.items: dict[str, Delivery] = {}

    def get(self, event_id: str) -> Delivery | None:
        return self.items.get(event_id)

    def insert(self, delivery: Delivery) -> bool:
        if delivery.event_id in self.items:
            return False
        self.items[delivery.event_id] = delivery
        return True

    def save(self, before: Delivery, after: Delivery) -> Delivery:
        stored = self.items.get(before.event_id)
        if stored is None or stored.version != before.version:
            raise WriteConflict(None)
        self.items[before.event_id] = replace(after, version=before.version + 1)
        return self.items[before.event_id]

    def want_again(self, event_id: str) -> None:
        known = self.items.get(event_id)
        if known is not None and not known.wanted_again:
            self.save(known, replace(known, wanted_again=True))

    def due(self, now: int, limit: int) -> list[str]:
        waiting = sorted(
            (one.due_at, one.event_id)
            for one in self.items.values()
            if one.due_at is not None and one.due_at <= now
        )
        return [event_id for _, event_id in waiting][:limit]

    def unfinished(self) -> list[Delivery]:
        return [one for one in self.items.values() if one.due_at is not None]


class Call(msgspec.Struct, frozen=True):
    """One request that reached the shop."""

    at: int
    address: str
    payload: str
    headers: Mapping[str, str]

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]


class Shop:
    """The shop's end: `answers` are statuses or errors, used up one by one; then `then`."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.calls: list[Call] = []
        self.answers: list[int | Exception] = []
        self.then: int | Exception = 200
        self.seconds = 0
        self.taken: Counter[str] = Counter()

    def post(self, target: Target, address: str, payload: str, headers: Mapping[str, str]) -> int:
        answer = self.answers.pop(0) if self.answers else self.then
        self.calls.append(Call(self._clock.now, address, payload, headers))
        self._clock.advance(self.seconds * SECOND)
        if isinstance(answer, Exception):
            raise answer
        if 200 <= answer < 300:
            self.taken[headers["webhook-id"]] += 1
        return answer


class Outlet:
    """Everything that tells the shop, under one clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.bus = MemoryBus()
        self.cases = MemoryCases()
        self.book = MemoryStore().payments
        self.unpublished = MemoryTexts(self.clock)
        self.queue = MemoryTexts(self.clock)
        self.dead_letters = MemoryTexts(self.clock)
        self.deliveries = MemoryDeliveries()
        self.shop = Shop(self.clock)
        self.secrets: tuple[str, ...] = SECRETS
        self.addresses: list[str] = [PUBLIC]
        self.url = HOOK
        self.sandbox = False
        self.tried: list[DeliverResult] = []

    def publishing(self, *, report_unknown: bool = True) -> PublishDeps:
        bus: Bus = self.bus
        return PublishDeps(
            bus=bus,
            cases=self.cases,
            payments=self.book,
            unpublished=self.unpublished,
            report_unknown=report_unknown,
        )

    def delivering(self) -> DeliverDeps:
        return DeliverDeps(
            deliveries=self.deliveries,
            queue=self.queue,
            dead_letters=self.dead_letters,
            post=self.shop.post,
            resolve=lambda _target: self.addresses,
            secrets=lambda: self.secrets,
            url=self.url,
            sandbox=self.sandbox,
            clock=self.clock,
        )

    def deliver(self, text: str) -> DeliverResult:
        tried = deliver_message(text, self.delivering())
        self.tried.append(tried)
        return tried

    def work(self) -> None:
        """Serve what the queue shows now."""
        for text in self.queue.take():
            self.deliver(text)

    def run(self, milliseconds: int) -> None:
        """Let time go by: the queue is served each second, the schedule runs each minute."""
        until = self.clock.now + milliseconds
        self.work()
        while self.clock.now < until:
            self.clock.now = min(self._next_moment(), until)
            if self.clock.now % MINUTE == 0:
                send_due_webhooks(
                    ScheduleWebhooksDeps(
                        deliveries=self.deliveries, queue=self.queue, clock=self.clock
                    )
                )
            self.work()

    def _next_moment(self) -> int:
        minute = self.clock.now - self.clock.now % MINUTE + MINUTE
        waiting = [at for at, _ in self.queue.waiting if at > self.clock.now]
        return min([minute, *waiting])


def refused() -> Exception:
    return NotSent("refused")


def hanging() -> Exception:
    return MaybeSent("deadline")
