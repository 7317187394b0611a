"""*Cases*: money that matches no open order. What happened, what to do, and a note that ends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, flash, redirect, request, url_for
from markupsafe import Markup, escape

from desk.deps import deps, page, words
from desk.guard import acts, person
from desk.pages.timeline import answer_of
from desk.times import parse_moment
from elsom_payments_client import Case, NotFound

blueprint = Blueprint("cases", __name__)

PAGE_SIZE: Final = 25
STATES: Final = ("open", "resolved")
LONGEST_NOTE: Final = 500
_ID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{20}")
_MONEY: Final = frozenset({"amount", "firstAmount"})
# The evidence that each sentence of `happened` names.
_NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "duplicate_paid": {
        "amount": "amount", "paid_at": "paidAt",
        "first_amount": "firstAmount", "first_paid_at": "firstPaidAt",
    },
    "paid_late": {
        "amount": "amount", "paid_at": "paidAt", "ended_at": "endedAt", "end_reason": "endReason",
    },
    "paid_unknown": {"paid_at": "paidAt"},
    "disagreement": {
        "amount": "amount", "paid_at": "paidAt", "answered_at": "answeredAt", "answer": "answer",
    },
    "unresolved": {
        "amount": "amount", "started_at": "startedAt", "given_up_at": "givenUpAt",
        "queries": "queries",
    },
}  # fmt: skip


@blueprint.get("/cases")
def index() -> Any:
    """A page of cases in one state."""
    state = request.args.get("state", "open")
    state = state if state in STATES else "open"
    found = deps().api.cases_page(state, limit=PAGE_SIZE, cursor=request.args.get("cursor") or None)
    return page("cases.html", state=state, found=found, happened=happened, evidence=evidence)


@blueprint.post("/cases/<case_id>/resolve")
@acts
def resolve(case_id: str) -> Any:
    """Close a case with this person's note."""
    if not _ID.fullmatch(case_id):
        raise NotFound(404, {})
    # The API keeps one line.
    note = " ".join(request.form.get("note", "").split())
    if not 1 <= len(note) <= LONGEST_NOTE or not note.isprintable():
        flash(words().text("said.note_wrong"), "bad")
        return redirect(url_for("cases.index", _anchor=f"case-{case_id}"))
    ours = person().name
    case = deps().api.resolve_case(case_id, note, resolved_by=ours)
    if case.note == note and case.resolved_by == ours:
        flash(words().text("said.resolved"), "good")
    else:
        name = case.resolved_by or words().text("said.someone")
        flash(words().text("said.resolved_before", name=name), "bad")
    return redirect(url_for("cases.index", state="resolved", _anchor=f"case-{case_id}"))


def happened(case: Case) -> Markup:
    """What happened, in one plain sentence; of a kind that a newer API made, its name."""
    named = _NAMED.get(case.kind)
    if named is None:
        return escape(case.kind)
    given = case.evidence or {}
    values = {place: _value(name, given.get(name)) for place, name in named.items()}
    return words().text(f"happened.{case.kind}", **values)


def evidence(case: Case) -> list[tuple[Markup, Markup]]:
    """What is known, each with its name in words."""
    return [
        (words().choice("evidence", name), _value(name, value))
        for name, value in (case.evidence or {}).items()
        if value is not None
    ]


def _value(name: str, value: object) -> Markup:
    if value is None:
        return Markup("–")
    if name in _MONEY:
        return escape(words().money(str(value)))
    if name == "answer":
        return answer_of(value, words())
    if name == "endReason":
        return words().choice("reason", value)
    if name == "endedAs":
        return words().choice("status", value)
    if name == "firstPaymentId":
        url = url_for("payments.show", payment_id=str(value))
        return Markup('<a href="{}">{}</a>').format(url, value)
    moment = parse_moment(value) if name.endswith("At") else None
    return escape(words().moment(moment) if moment else value)
