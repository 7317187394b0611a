"""*Payments*: find them, read one, have Elsom queried, send its last event again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint, flash, redirect, request, url_for

from desk.deps import deps, page, state_of, words
from desk.guard import acts, person
from desk.pages.timeline import Entry, entry_of
from desk.times import day_of, parse_day, span_of
from elsom_payments_client import ElsomUnreachable, NotFound, Payment, StateConflict

blueprint = Blueprint("payments", __name__)

PAGE_SIZE: Final = 50
LONGEST: Final = 92
STATUSES: Final = (
    "pending", "paid", "expired", "cancelled", "failed", "start_unknown", "created",
)  # fmt: skip
BY: Final = ("created", "paid")
_ID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{20}")
# An order's payments are few, however old: for one order the longest span is looked at.
_ORDER_DAYS: Final = LONGEST - 1
_USUAL_DAYS: Final = 30


@dataclass(frozen=True)
class Wanted:
    """What the search form says."""

    find: str
    status: str
    by: str
    first: date
    last: date

    def query(self) -> dict[str, str]:
        """The same as a query, for links."""
        return {
            "find": self.find,
            "status": self.status,
            "by": self.by,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
        }


@blueprint.get("/payments")
def index() -> Any:
    """A page of payments; a payment's own number leads to it at once."""
    wanted, problem = _wanted()
    if _ID.fullmatch(wanted.find) and _exists(wanted.find):
        return redirect(url_for("payments.show", payment_id=wanted.find))
    if problem:
        return page("payments.html", 400, wanted=wanted, problem=problem, choices=_CHOICES)
    cursor = request.args.get("cursor") or None
    since, until = span_of(wanted.first, wanted.last)
    span = (
        {"paid_since": since, "paid_until": until}
        if wanted.by == "paid"
        else {"since": since, "until": until}
    )
    found = deps().api.list_page(
        status=wanted.status or None,
        order_id=wanted.find or None,
        limit=PAGE_SIZE,
        cursor=cursor,
        **span,
    )
    return page(
        "payments.html", wanted=wanted, found=found, cursor=cursor, choices=_CHOICES,
    )  # fmt: skip


@blueprint.get("/payments/<payment_id>")
def show(payment_id: str) -> Any:
    """One payment: facts, timeline, events, and what can be done."""
    api = deps().api
    payment = api.get(_checked(payment_id))
    entries: list[Entry] = [entry_of(one, words()) for one in api.timeline(payment.id)]
    return page(
        "payment.html",
        payment=payment,
        state=state_of(payment),
        entries=entries,
        events=api.events(payment.id),
        order_query=_order_query(payment),
    )


@blueprint.post("/payments/<payment_id>/check")
@acts
def check(payment_id: str) -> Any:
    """Have Elsom queried, in this person's name."""
    try:
        payment = deps().api.check(_checked(payment_id), requested_by=person().name)
    except ElsomUnreachable:
        flash(words().text("said.check_failed"), "bad")
    else:
        status = words().choice("status", state_of(payment))
        flash(words().text("said.checked", status=status), "good")
    return redirect(url_for("payments.show", payment_id=payment_id))


@blueprint.post("/payments/<payment_id>/resend")
@acts
def resend(payment_id: str) -> Any:
    """Have the last event sent again, in this person's name."""
    try:
        event = deps().api.resend(_checked(payment_id), requested_by=person().name)
    except StateConflict:
        flash(words().text("said.resend_none"), "bad")
    else:
        flash(words().text("said.resent", event=event), "good")
    return redirect(url_for("payments.show", payment_id=payment_id))


_CHOICES: Final = {"status": STATUSES, "by": BY}


def _wanted() -> tuple[Wanted, str]:
    """The form as it was sent, with defaults for what is missing; and what is wrong with it."""
    given = request.args
    today = day_of(deps().clock())
    find = given.get("find", "").strip()[:40]
    status = given.get("status", "")
    by = given.get("by", "created")
    last = parse_day(given.get("to", "")) or today
    usual = _ORDER_DAYS if find and not given.get("from") else _USUAL_DAYS
    first = parse_day(given.get("from", "")) or last - timedelta(days=usual)
    wanted = Wanted(
        find,
        status if status in STATUSES else "",
        by if by in BY else "created",
        first,
        last,
    )
    is_span = timedelta(0) <= last - first < timedelta(days=LONGEST)
    return wanted, "" if is_span else "payments.span"


def _exists(payment_id: str) -> bool:
    """Whether this is a payment's number; an order may look like one."""
    try:
        deps().api.get(payment_id)
    except NotFound:
        return False
    return True


def _checked(payment_id: str) -> str:
    """The id, if it can be one. Raises NotFound."""
    if not _ID.fullmatch(payment_id):
        raise NotFound(404, {})
    return payment_id


def _order_query(payment: Payment) -> dict[str, str]:
    """A search for all payments of the order, around this one."""
    day = day_of(payment.created_at)
    last = min(day + timedelta(days=_USUAL_DAYS), day_of(deps().clock()))
    first = last - timedelta(days=_ORDER_DAYS)
    return {"find": payment.order_id, "from": first.isoformat(), "to": last.isoformat()}
