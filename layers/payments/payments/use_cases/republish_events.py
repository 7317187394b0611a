"""Republish a range of time from the table: what the stream lost, or what a shop wants again.

A payment's last event is published again, with the payment as it is now, under the event's own id.
Cases that the stream lost are opened.

No index knows when a payment changed. So every payment is read that was started or paid in the
range or within `lookback` before it, and its timeline shows whether it changed in the range. This
costs one read unit for each started and one for each paid payment of that time (more for a payment
over 4 KB), and about a second for each thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import Any, Final

import msgspec

from payments.aws.event_bus import Bus
from payments.domain.cases import Case, cases_of, paid_unknown
from payments.domain.events import Event, last_case_event, last_payment_event
from payments.domain.payment import Payment, Status
from payments.store.cases import Cases
from payments.store.history import History
from payments.store.payments import Payments
from payments.store.webhooks import Deliveries
from payments.use_cases.publish_events import duplicates_of

_BATCH: Final = 100


class RepublishDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What republishing works with.

    `lookback`: how long after its start, or after it was paid, a payment may still change.
    """

    history: History
    payments: Payments
    cases: Cases
    deliveries: Deliveries
    bus: Bus
    lookback: int
    report_unknown: bool


class RepublishResult(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were published and cases opened; `refused`: the bus never takes these."""

    events: int
    cases: int
    refused: tuple[str, ...]


def republish(first: int, last: int, deps: RepublishDeps) -> RepublishResult:
    """Republish what changed from `first` to `last`, in milliseconds, inclusive.

    Raises StoreUnavailable or QueueUnavailable; it may then be run again from the start.
    """
    events = 0
    opened = 0
    refused: list[str] = []
    for batch in batched(_touched(first, last, deps), _BATCH, strict=False):
        opened += sum(deps.cases.open(case) for case in _cases_of(batch, deps))
        changed = [payment for payment in batch if changed_within(payment, first, last)]
        latest = [event for payment in changed if (event := last_payment_event(payment))]
        refused += _publish(latest, deps)
        events += len(latest)
    if deps.report_unknown:
        opened += sum(deps.cases.open(case) for case in _unknown_paid(first, last, deps))
    for case_batch in batched(deps.history.cases_changed(first, last), _BATCH, strict=False):
        case_events = [last_case_event(case) for case in case_batch]
        refused += _publish(case_events, deps)
        events += len(case_events)
    return RepublishResult(events=events - len(refused), cases=opened, refused=tuple(refused))


def changed_within(payment: Payment, first: int, last: int) -> bool:
    """Whether the payment's status changed in this time, or may have."""
    found = _entries_within(payment, first, last)
    return any("sequence" in entry or entry["what"] == "omitted" for entry in found)


def _entries_within(payment: Payment, first: int, last: int) -> Iterator[dict[str, Any]]:
    """The timeline's entries of this time; omitted ones lie anywhere between their neighbours."""
    before = 0
    for entry in payment.timeline:
        began = before if entry["what"] == "omitted" else entry["at"]
        if began <= last and entry["at"] >= first:
            yield entry
        before = entry["at"]


def _touched(first: int, last: int, deps: RepublishDeps) -> Iterator[Payment]:
    """The payments whose timeline has an entry of this time, each once."""
    seen: set[str] = set()
    since = first - deps.lookback
    for source in (deps.history.created(since, last), deps.history.paid(since, last)):
        for payment in source:
            if payment.id not in seen and any(_entries_within(payment, first, last)):
                seen.add(payment.id)
                yield payment


def _cases_of(payments: Iterable[Payment], deps: RepublishDeps) -> Iterator[Case]:
    for payment in payments:
        yield from cases_of(payment)
        if payment.status is Status.PAID:
            yield from duplicates_of(payment, deps.payments)


def _unknown_paid(first: int, last: int, deps: RepublishDeps) -> Iterator[Case]:
    for unknown in deps.history.unknown_paid(first, last):
        if deps.payments.get(unknown.id) is None:
            yield paid_unknown(unknown.id, unknown.first_seen_at, unknown.paid_at or first)


def _publish(events: Sequence[Event], deps: RepublishDeps) -> list[str]:
    """Publish events again; webhooks that were given up are tried again."""
    for event in events:
        deps.deliveries.want_again(event.event_id)
    return [event.event_id for event in deps.bus.publish(events)]
