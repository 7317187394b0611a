"""Publish the changes in the table's stream as events, and open the cases that follow from them.

A batch may come again. Event ids and case ids are derived, so a repeat publishes the same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from payments.aws.event_bus import Bus
from payments.aws.queues import Queue
from payments.domain.cases import Case, cases_between, duplicates_among, paid_unknown
from payments.domain.events import CaseEvent, Event, case_event, payment_event
from payments.domain.payment import ElsomStatus, Payment, Status
from payments.store.cases import Cases, case_of
from payments.store.inbox import Unknown, unknown_of
from payments.store.payments import Payments, payment_of
from payments.store.table import to_item

# A record that we did not write in this form: it fails again however often it is read.
_UNREADABLE: Final = (msgspec.ValidationError, LookupError, TypeError, ValueError)


class PublishDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What the publisher works with. `unpublished` takes what can never be published."""

    bus: Bus
    cases: Cases
    payments: Payments
    unpublished: Queue[UnpublishedRecord]
    report_unknown: bool


class PublishResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a batch: events published, new cases, records that cannot be published."""

    events: int
    cases: tuple[Case, ...]
    unpublished: int


class UnpublishedRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message about a record that cannot be published; it never has the record's content."""

    payment_id: str
    event_name: str


def duplicates_of(payment: Payment, payments: Payments) -> list[Case]:
    """The cases of a paid payment's order, whose other payments are read as they are now."""
    others = [one for one in payments.of_order(payment.order_id) if one.id != payment.id]
    return duplicates_among([payment, *others])


def publish_records(records: Iterable[Mapping[str, Any]], deps: PublishDeps) -> PublishResult:
    """Publish a batch of stream records.

    Raises StoreUnavailable or QueueUnavailable to get the whole batch again.
    """
    events: list[Event] = []
    opened: list[Case] = []
    unpublished: list[UnpublishedRecord] = []
    for record in records:
        try:
            # A generator: what was read before something unreadable is still published.
            for found in _found_in(record, deps):
                if not isinstance(found, Case):
                    events.append(found)
                elif deps.cases.open(found):
                    opened.append(found)
        except _UNREADABLE:
            unpublished.append(_unpublished(record))
    refused = deps.bus.publish(events)
    unpublished += [_refused(event) for event in refused]
    for one in unpublished:
        deps.unpublished.send(one)
    return PublishResult(
        events=len(events) - len(refused), cases=tuple(opened), unpublished=len(unpublished)
    )


def _found_in(record: Mapping[str, Any], deps: PublishDeps) -> Iterator[Event | Case]:
    """The events and cases of one record; removals, by time-to-live too, have none."""
    if record["eventName"] == "REMOVE":
        return
    change = record["dynamodb"]
    after = to_item(change["NewImage"])
    before = to_item(change["OldImage"]) if change.get("OldImage") else None
    match after["kind"]:
        case "payment":
            was = payment_of(before) if before else None
            yield from _of_payment(was, payment_of(after), deps)
        case "case":
            event = case_event(case_of(before) if before else None, case_of(after))
            if event is not None:
                yield event
        case "unknown":
            known = unknown_of(before) if before else None
            yield from _of_unknown(known, unknown_of(after), deps)


def _of_payment(
    before: Payment | None, after: Payment, deps: PublishDeps
) -> Iterator[Event | Case]:
    event = payment_event(before, after)
    if event is not None:
        yield event
    yield from cases_between(before, after)
    if after.status is Status.PAID and (before is None or before.status is not Status.PAID):
        yield from duplicates_of(after, deps.payments)


def _of_unknown(before: Unknown | None, after: Unknown, deps: PublishDeps) -> Iterator[Case]:
    was_paid = before is not None and before.last_answer is ElsomStatus.PAID
    if was_paid or after.last_answer is not ElsomStatus.PAID or not deps.report_unknown:
        return
    if deps.payments.get(after.id) is None:
        yield paid_unknown(after.id, after.first_seen_at, after.paid_at or after.first_seen_at)


def _unpublished(record: Mapping[str, Any]) -> UnpublishedRecord:
    key = record.get("dynamodb", {}).get("Keys", {}).get("pk", {}).get("S", "?")
    return UnpublishedRecord(payment_id=str(key), event_name=str(record.get("eventName", "?")))


def _refused(event: Event) -> UnpublishedRecord:
    subject = event.case.payment_id if isinstance(event, CaseEvent) else event.payment.id
    return UnpublishedRecord(payment_id=subject, event_name=str(event.type))
