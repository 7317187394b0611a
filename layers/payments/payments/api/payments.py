"""What a shop can do with payments: read, list and check them, and resend an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from payments.api.pagination import from_cursor, parse_limit
from payments.aws.event_bus import Bus
from payments.domain.clock import DAY, from_rfc3339
from payments.domain.errors import (
    ElsomUnreachable,
    InvalidRequest,
    NotFound,
    QueueUnavailable,
    StateConflict,
)
from payments.domain.events import last_payment_event
from payments.domain.payment import Payment, Status, Trigger
from payments.domain.transitions import note_request
from payments.domain.views import view_timeline
from payments.elsom.gateway import NoResponse
from payments.store.inbox import Inbox
from payments.store.listing import Listing, Position
from payments.store.payments import Payments, Step, apply
from payments.store.webhooks import Deliveries
from payments.use_cases.query_payment import CheckDeps, Result, query_payment

DEFAULT_SPAN: Final = 31 * DAY
LARGEST_SPAN: Final = 92 * DAY
# Entries that one page examines: a filter that seldom matches makes pages short, not slow.
EXAMINED: Final = 200
_SPANS: Final = {False: ("from", "to"), True: ("paidFrom", "paidTo")}
_FILTERS: Final = frozenset({"status", "orderId", "from", "to", "paidFrom", "paidTo"})
_PARAMETERS: Final = _FILTERS | {"limit", "cursor"}


class Requested(msgspec.Struct, frozen=True):
    """Who requested a check or a resend, and when."""

    by: str
    at: int

    def noted(self, what: str, **details: str) -> Step:
        """The step that adds this to a payment's timeline."""
        return lambda payment: note_request(payment, what, self.by, self.at, **details)


class Query(msgspec.Struct, frozen=True, array_like=True):
    """The filters of a list, and where the previous page ended. Times in milliseconds, inclusive.

    `by_paid`: they are times of payment, not of creation.
    """

    first: int
    last: int
    status: Status | None = None
    order_id: str | None = None
    after: Position | None = None
    by_paid: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether an entry of the index may turn out not to match."""
        return self.status is not None or (self.by_paid and self.order_id is not None)


class Page(msgspec.Struct, frozen=True):
    """The payments of one page; `next_query` leads to the next one, if there may be one."""

    payments: list[Payment]
    next_query: Query | None


def get_payment(payment_id: str, payments: Payments) -> Payment:
    """The payment; raise NotFound if there is none."""
    payment = payments.get(payment_id)
    if payment is None:
        raise NotFound
    return payment


def get_timeline(payment_id: str, payments: Payments, inbox: Inbox) -> dict[str, Any]:
    """The timeline of a payment, with its notifications."""
    payment = get_payment(payment_id, payments)
    return {"items": view_timeline(payment, inbox.received(payment_id))}


def check_now(payment_id: str, checks: CheckDeps, requested: Requested | None = None) -> Payment:
    """Query Elsom now and return the payment; the stored one where the rule allows no query yet.

    Raises ElsomUnreachable where Elsom does not respond.
    """
    if requested is not None:
        payment = get_payment(payment_id, checks.payments)
        apply(checks.payments, payment, requested.noted("check_requested"))
    checked = query_payment(payment_id, Trigger.SHOP, checks)
    if checked.payment is None:
        raise NotFound
    if checked.result is Result.CIRCUIT_OPEN:
        msg = "Elsom does not respond; queries pause"
        raise ElsomUnreachable(msg)
    if isinstance(checked.outcome, NoResponse):
        raise ElsomUnreachable(checked.outcome.why)
    return checked.payment


def resend_last_event(
    payment_id: str,
    payments: Payments,
    deliveries: Deliveries,
    bus: Bus,
    requested: Requested | None = None,
) -> dict[str, str]:
    """Publish the payment's last event again, under its id; StateConflict where there is none.

    The webhook's tries begin again when the event comes from the bus; until then a pending retry
    stays. Raises QueueUnavailable while the bus refuses.
    """
    payment = get_payment(payment_id, payments)
    event = last_payment_event(payment)
    if event is None:
        msg = "no event of this payment has been published yet"
        raise StateConflict(msg)
    if requested is not None:
        apply(payments, payment, requested.noted("resend_requested", eventId=event.event_id))
    deliveries.want_again(event.event_id)
    if bus.publish([event]):
        msg = "the bus does not accept this event"
        raise QueueUnavailable(msg)
    return {"eventId": event.event_id, "type": event.type}


def list_payments(query: Query, limit: int, listing: Listing) -> Page:
    """One page, newest first: at most `limit` payments out of at most `EXAMINED` entries."""
    capacity = EXAMINED if query.is_filtered else limit
    entries = _entries(query, capacity, listing)
    found, seen = _matching(entries, query, limit, listing)
    more = seen < len(entries) or len(entries) == capacity
    if not (more and seen):
        return Page(found, None)
    return Page(found, msgspec.structs.replace(query, after=entries[seen - 1]))


def parse_query(
    parameters: Mapping[str, str], now: int, signing_keys: Sequence[str]
) -> tuple[Query, int]:
    """The query and the limit; raise InvalidRequest that names every wrong parameter."""
    unknown = [
        (name, "is not a parameter of this list") for name in parameters.keys() - _PARAMETERS
    ]
    limit, wrong_limit = parse_limit(parameters.get("limit"))
    filters = {name: value for name, value in parameters.items() if name in _FILTERS}
    if "cursor" not in parameters:
        query, wrong = _from_filters(filters, now)
    else:
        query, wrong = _from_cursor(parameters["cursor"], filters, signing_keys)
    errors = [*sorted(unknown), *wrong_limit, *wrong]
    if errors or query is None:
        raise InvalidRequest(*errors)
    return query, limit


def _entries(query: Query, capacity: int, listing: Listing) -> list[Position]:
    first, last, after = query.first, query.last, query.after
    if query.by_paid:
        return listing.newest_paid(first, last, capacity, after)
    if query.order_id is None:
        return listing.newest(first, last, capacity, after)
    return listing.of_order(query.order_id, first, last, capacity, after)


def _matching(
    entries: Sequence[Position], query: Query, limit: int, listing: Listing
) -> tuple[list[Payment], int]:
    """The payments that match, and how many entries were examined for them."""
    if not query.is_filtered:
        return listing.read(entries[:limit]), min(limit, len(entries))
    found: list[Payment] = []
    by_id = {payment.id: payment for payment in listing.read(entries)}
    for seen, entry in enumerate(entries, start=1):
        payment = by_id.get(entry.id)
        if payment is not None and _matches(payment, query):
            found.append(payment)
        if len(found) == limit:
            return found, seen
    return found, len(entries)


def _matches(payment: Payment, query: Query) -> bool:
    if query.status is not None and payment.status is not query.status:
        return False
    return query.order_id is None or payment.order_id == query.order_id


def _from_filters(
    filters: Mapping[str, str], now: int
) -> tuple[Query | None, list[tuple[str, str]]]:
    errors: list[tuple[str, str]] = []
    status = filters.get("status")
    if status is not None and status not in set(Status):
        errors.append(("status", f"must be one of {', '.join(Status)}"))
    order_id = filters.get("orderId")
    if order_id is not None and not 1 <= len(order_id) <= 20:
        errors.append(("orderId", "must be 1 to 20 characters"))
    by_paid = bool(filters.keys() & set(_SPANS[True]))
    errors += [
        (name, "must not be combined with paidFrom or paidTo")
        for name in _SPANS[False]
        if by_paid and name in filters
    ]
    since, until = _SPANS[by_paid]
    last = _moment(until, filters.get(until), now, errors)
    first = _moment(since, filters.get(since), last - DEFAULT_SPAN, errors)
    if not errors and not first <= last <= first + LARGEST_SPAN:
        errors.append((since, f"must be before `{until}`, by at most 92 days"))
    if errors:
        return None, errors
    # No payment is older than the epoch, at which the milliseconds begin.
    span = (max(first, 0), max(last, 0))
    known = Status(status) if status else None
    return Query(*span, known, order_id, by_paid=by_paid), []


def _from_cursor(
    cursor: str, filters: Mapping[str, str], signing_keys: Sequence[str]
) -> tuple[Query | None, list[tuple[str, str]]]:
    """The query in a cursor; filters that are given beside it must be the same."""
    query = from_cursor(cursor, Query, signing_keys)
    if query is None:
        return None, [("cursor", "is not a cursor of this list")]
    given, wrong = _from_filters(filters, query.last)
    if given is None:
        return None, wrong
    since, until = _SPANS[query.by_paid]
    others = _SPANS[not query.by_paid]
    same = (
        filters.get("status", query.status) == query.status
        and filters.get("orderId", query.order_id) == query.order_id
        and (since not in filters or given.first == query.first)
        and (until not in filters or given.last == query.last)
        and not filters.keys() & set(others)
    )
    return (query, []) if same else (None, [("cursor", "belongs to a list with other filters")])


def _moment(name: str, text: str | None, default: int, errors: list[tuple[str, str]]) -> int:
    if text is None:
        return default
    try:
        return from_rfc3339(text)
    except (ValueError, OverflowError):
        errors.append((name, "must be an RFC 3339 time such as 2026-11-24T00:00:00Z"))
        return default
