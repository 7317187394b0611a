"""A payments API that answers from memory, a desk over it, and a browser without a script."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from desk.times import day_of, span_of
from elsom_payments_client import (
    Case,
    NotFound,
    Page,
    Payment,
    Report,
    SentEvent,
    StateConflict,
    Total,
)

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
STATUSES = ("created", "start_unknown", "pending", "paid", "expired", "cancelled", "failed")
KINDS = ("duplicate_paid", "paid_late", "paid_unknown", "disagreement", "unresolved")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def an_id(number: int) -> str:
    """A different id for each number."""
    return f"P{number:019d}"


def a_payment(number: int = 1, **fields: Any) -> Payment:
    """A pending payment of an hour ago."""
    created = fields.get("created_at", NOW - timedelta(hours=1))
    values: dict[str, Any] = {
        "id": an_id(number),
        "status": "pending",
        "amount": "1500.00",
        "currency": "KGS",
        "order_id": f"A-{number}",
        "language": "ru",
        "sequence": 1,
        "late": False,
        "created_at": created,
        "updated_at": created,
        "expires_at": created + timedelta(hours=1),
    }
    return Payment(**{**values, **fields})


def paid(number: int = 1, **fields: Any) -> Payment:
    """A payment that was paid half an hour ago."""
    return a_payment(number, **{"status": "paid", "paid_at": NOW - timedelta(minutes=30), **fields})


def a_case(number: int = 1, kind: str = "paid_late", **fields: Any) -> Case:
    """An open case with all the evidence that its kind has."""
    values: dict[str, Any] = {
        "id": f"C{number:019d}",
        "kind": kind,
        "state": "open",
        "payment_id": an_id(number),
        "order_id": None if kind == "paid_unknown" else f"A-{number}",
        "opened_at": NOW - timedelta(hours=2),
        "sequence": 1,
        "evidence": EVIDENCE[kind],
    }
    return Case(**{**values, **fields})


EVIDENCE: dict[str, dict[str, Any]] = {
    "duplicate_paid": {
        "amount": "1500.00", "paidAt": "2026-11-24T06:00:00.000Z", "firstPaymentId": an_id(7),
        "firstAmount": "1400.50", "firstPaidAt": "2026-11-23T06:00:00.000Z",
    },
    "paid_late": {
        "amount": "1500.00", "paidAt": "2026-11-24T06:00:00.000Z", "endedAs": "expired",
        "endedAt": "2026-11-24T05:00:00.000Z", "endReason": "elsom-2",
    },
    "paid_unknown": {
        "firstSeenAt": "2026-11-24T05:00:00.000Z", "paidAt": "2026-11-24T06:00:00.000Z",
    },
    "disagreement": {
        "amount": "1500.00", "paidAt": "2026-11-24T06:00:00.000Z", "answer": "3",
        "answeredAt": "2026-11-24T06:10:00.000Z",
    },
    "unresolved": {
        "amount": "1500.00", "startedAt": "2026-11-19T06:00:00.000Z",
        "givenUpAt": "2026-11-24T06:00:00.000Z", "queries": 97,
    },
}  # fmt: skip


@dataclass
class ScriptedApi:
    """Payments and cases in memory. `failures` are raised by the method of their name."""

    payments: list[Payment] = field(default_factory=list)
    open_cases: list[Case] = field(default_factory=list)
    timelines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sent: dict[str, list[SentEvent]] = field(default_factory=dict)
    failures: dict[str, Exception] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    requested: list[tuple[str, str, str | None]] = field(default_factory=list)
    page_size: int = 0
    after_check: Callable[[Payment], Payment] = lambda payment: payment

    def get(self, payment_id: str) -> Payment:
        self._called("get")
        for one in self.payments:
            if one.id == payment_id:
                return one
        raise NotFound(404, {"instance": "urn:uuid:1"})

    def timeline(self, payment_id: str) -> list[dict[str, Any]]:
        self._called("timeline")
        return self.timelines.get(payment_id, [])

    def events(self, payment_id: str) -> list[SentEvent]:
        self._called("events")
        return self.sent.get(payment_id, [])

    def check(self, payment_id: str, *, requested_by: str | None = None) -> Payment:
        self._called("check")
        self.requested.append(("check", payment_id, requested_by))
        after = self.after_check(self.get(payment_id))
        self.payments = [after if one.id == payment_id else one for one in self.payments]
        return after

    def resend(self, payment_id: str, *, requested_by: str | None = None) -> str:
        self._called("resend")
        self.requested.append(("resend", payment_id, requested_by))
        if self.get(payment_id).status == "created":
            raise StateConflict(409, {})
        return "E1"

    def list_page(
        self,
        *,
        status: str | None = None,
        order_id: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        paid_since: datetime | str | None = None,
        paid_until: datetime | str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Payment]:
        self._called("list_page")
        by_paid = paid_since is not None or paid_until is not None
        first, last = (paid_since, paid_until) if by_paid else (since, until)
        found = [
            (at, one)
            for one in self.payments
            if (at := one.paid_at if by_paid else one.created_at) is not None
            and (first is None or at >= first)  # type: ignore[operator]  # the desk sends datetimes
            and (last is None or at <= last)  # type: ignore[operator]
            and status in {None, one.status}
            and order_id in {None, one.order_id}
        ]
        ordered = [one for _, one in sorted(found, key=lambda pair: pair[0], reverse=True)]
        return self._page(ordered, limit, cursor)

    def report(self, day: date | str) -> Report:
        self._called("report")
        assert isinstance(day, date)
        first, last = span_of(day, day)
        paid_then = [one for one in self.payments if one.paid_at and first <= one.paid_at <= last]
        begun = [one for one in self.payments if first <= one.created_at <= last]
        opened = Counter(one.kind for one in self.open_cases if day_of(one.opened_at) == day)
        return Report(
            day=day,
            time_zone="Asia/Bishkek",
            paid=total(paid_then),
            late=total(one for one in paid_then if one.late),
            by_status={name: total(b for b in begun if b.status == name) for name in STATUSES},
            cases={kind: opened[kind] for kind in KINDS},
        )

    def cases_page(
        self, state: str = "open", *, limit: int = 100, cursor: str | None = None
    ) -> Page[Case]:
        self._called("cases_page")
        return self._page([one for one in self.open_cases if one.state == state], limit, cursor)

    def resolve_case(self, case_id: str, note: str, *, resolved_by: str | None = None) -> Case:
        self._called("resolve_case")
        for place, one in enumerate(self.open_cases):
            if one.id != case_id:
                continue
            if one.state == "open":
                self.open_cases[place] = replace(
                    one, state="resolved", note=note, resolved_by=resolved_by, resolved_at=NOW
                )
            return self.open_cases[place]
        raise NotFound(404, {})

    def _page[Kept](self, found: Sequence[Kept], limit: int, cursor: str | None) -> Page[Kept]:
        start, size = int(cursor or 0), self.page_size or limit
        more = str(start + size) if start + size < len(found) else None
        return Page(list(found[start : start + size]), more)

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.failures:
            raise self.failures[name]


def total(found: Iterable[Payment]) -> Total:
    kept = list(found)
    tyiyn = sum(int(one.amount.replace(".", "")) for one in kept)
    return Total(count=len(kept), amount=f"{tyiyn // 100}.{tyiyn % 100:02d}")


class Browser:
    """A visitor: keeps cookies, and sends forms with the token of the page it saw last."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        return self._seen(self.client.get(path, **more))

    def post(self, path: str, **form: str) -> TestResponse:
        sent = {"csrf_token": self.token, **form}
        return self._seen(self.client.post(path, data=sent, follow_redirects=True))

    def _seen(self, answer: TestResponse) -> TestResponse:
        page = answer.text if answer.mimetype == "text/html" else ""
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        self.token = found[1] if found else self.token
        return answer
