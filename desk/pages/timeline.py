"""A payment's timeline in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from desk.times import parse_moment
from desk.words import Words


@dataclass(frozen=True)
class Entry:
    """One thing that happened: when, what kind of thing, and what to say about it."""

    at: datetime | None
    kind: str
    text: Markup


def entry_of(entry: Mapping[str, Any], words: Words) -> Entry:
    """One entry of the API's timeline; one that a newer API made is shown by its name."""
    what = str(entry.get("what", ""))
    return Entry(parse_moment(entry.get("at")), what, _said(what, entry, words))


def _said(what: str, entry: Mapping[str, Any], words: Words) -> Markup:
    if what == "notification":
        return _notification(entry, words)
    key = f"timeline.{_key(what, entry)}"
    if not words.has(key):
        return words.text("timeline.other", what=what)
    said = words.text(
        key,
        queried=words.choice("queried", entry.get("queriedBy")),
        reason=words.choice("reason", entry.get("reason", what)),
        why=words.choice("why", entry.get("why", "?")),
        answer=answer_of(entry.get("answer"), words),
        code=entry.get("errorCode", "?"),
        by=entry.get("by", "?"),
        event=entry.get("eventId", "?"),
        count=entry.get("count", "?"),
    )
    return _joined(said, _again(entry, words))


def _key(what: str, entry: Mapping[str, Any]) -> str:
    """The words for an entry: some kinds have two."""
    if what == "start_answer_late":
        return f"{what}_{'accepted' if entry.get('answer') == 'accepted' else 'refused'}"
    return "paid_plain" if what == "paid" and not entry.get("queriedBy") else what


def answer_of(answer: object, words: Words) -> Markup:
    """Elsom's own letter in words."""
    key = f"answer.{answer}"
    return words.text(key) if words.has(key) else words.text("answer.other", answer=answer)


def _notification(entry: Mapping[str, Any], words: Words) -> Markup:
    claimed, times = entry.get("claimedStatus"), entry.get("times", 1)
    transaction = entry.get("elsomTransactionId")
    said = (
        words.text("timeline.notification", claimed=answer_of(claimed, words))
        if claimed
        else words.text("timeline.notification_bare")
    )
    more = words.text("timeline.notification_times", times=times) if times > 1 else Markup()
    number = (
        words.text("timeline.notification_transaction", transaction=transaction)
        if transaction
        else Markup()
    )
    return _joined(said, number, more)


def _again(entry: Mapping[str, Any], words: Words) -> Markup:
    last = parse_moment(entry.get("lastAt"))
    if last is None:
        return Markup()
    count, moment = entry.get("count", "?"), words.moment(last, "second")
    return words.text("timeline.times_until", count=count, moment=moment)


def _joined(*parts: Markup) -> Markup:
    return Markup(" ").join(part for part in parts if part)
