"""The desk in this process, over an API that answers from memory: a month of a shop's business."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from werkzeug.serving import make_server

from desk.access import LocalAccess
from desk.app import Options, create_app
from desk.guard import VIEWERS, Person
from elsom_payments_client import Payment, SentEvent
from tests.unit.desk.scripted import KINDS, NOW, ScriptedApi, a_case, a_payment, an_id, paid
from tools.local.processes import LOOPBACK, free_port

LONG_ORDER = "ORDER-2026-000000017"
LONG_TEXT = "Купон-на-скидку-без-единого-пробела-" * 2
DAYS = 31

# Pages by name. Each is looked at in every language, and by axe.
PAGES = {
    "today": "/",
    "payments": "/payments?from=2026-10-25&to=2026-11-24",
    "payments-none": "/payments?find=NOTHING",
    "payments-wrong-span": "/payments?from=2026-01-01&to=2026-11-24",
    "payment": f"/payments/{an_id(1)}",
    "payment-late": f"/payments/{an_id(3)}",
    "payment-waiting": f"/payments/{an_id(2)}",
    "cases": "/cases",
    "cases-settled": "/cases?state=resolved",
    "report": "/reports/2026-11-24",
    "not-found": f"/payments/{an_id(999)}",
}


def at(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def timeline(began: datetime) -> list[dict[str, Any]]:
    """All kinds of entries that there are."""
    entries: list[dict[str, Any]] = [
        {"what": "created"},
        {"what": "start_sent"},
        {"what": "start_not_sent", "why": "refused"},
        {"what": "start_unknown", "why": "http-502"},
        {"what": "start_answer_late", "answer": "accepted"},
        {"what": "pending"},
        {"what": "notification", "claimedStatus": "A", "elsomTransactionId": "PSP17", "times": 3},
        {"what": "answer_changed", "answer": "3"},
        {"what": "check_requested", "by": "aida", "count": 2, "lastAt": at(began)},
        {"what": "resend_requested", "by": "aida", "eventId": an_id(77)},
        {"what": "omitted", "count": 12},
        {"what": "expired", "reason": "elsom-2"},
        {"what": "paid", "queriedBy": "notification"},
        {"what": "disagreement", "answer": "3"},
    ]
    return [
        {"at": at(began + timedelta(seconds=7 * place)), **one} for place, one in enumerate(entries)
    ]


def events(began: datetime) -> list[SentEvent]:
    """Every way in which a delivery can stand."""
    states = ("delivered", "retrying", "gone", "given-up", "sent", "not-wanted", "not-kept")
    types = ("pending", "expired", "paid_late", "failed", "cancelled", "start_unknown", "paid")
    return [
        SentEvent(
            event_id=an_id(100 + place),
            type=f"payment.{kind}",
            sequence=place + 1,
            occurred_at=began + timedelta(minutes=place),
            delivery=state,
            tries=place + 1,
            next_try_at=began + timedelta(minutes=30) if state == "retrying" else None,
        )
        for place, (kind, state) in enumerate(zip(types, states, strict=True))
    ]


def business() -> list[Payment]:
    """A month of payments, the same each time."""
    draw = random.Random(20261124)
    made = [
        paid(1, amount="150.00", elsom_transaction_id="PSP17955108587950001",
             customer_msisdn="0556***910", cashier_no="0001", description="Two tickets",
             metadata={"basket": "17", "coupon": LONG_TEXT}),
        a_payment(2, amount="75.50", next_check_at=NOW + timedelta(minutes=1)),
        paid(3, order_id=LONG_ORDER, late=True, amount="2350.00"),
        a_payment(4, status="expired", status_reason="unresolved"),
        a_payment(5, status="failed", status_reason="elsom-refused", elsom_error_code="17"),
        a_payment(6, status="cancelled", status_reason="elsom-3", amount="999999999.99"),
        a_payment(7, status="start_unknown", status_reason="start-outcome-unknown"),
        a_payment(8, status="expired", status_reason="elsom-2"),
    ]  # fmt: skip
    for day in range(1, DAYS):
        for number in range(draw.randrange(1, 6)):
            moment = NOW - timedelta(days=day, minutes=draw.randrange(300))
            sum_ = f"{draw.randrange(40, 4000)}.{draw.choice(['00', '50'])}"
            made.append(paid(100 * day + number, amount=sum_, created_at=moment, paid_at=moment))
    return made


def scripted() -> ScriptedApi:
    """The whole of it."""
    api = ScriptedApi(payments=business())
    for number in (1, 2, 3):
        began = NOW - timedelta(hours=1)
        api.timelines[an_id(number)] = timeline(began)[: 7 if number == 2 else None]
        api.sent[an_id(number)] = events(began)[: 1 if number == 2 else None]
    api.open_cases = [a_case(number, kind) for number, kind in enumerate(KINDS, start=1)]
    api.open_cases += [
        a_case(10 + number, kind, state="resolved", note="The customer was paid back in cash",
               resolved_by="aida" if number else None, resolved_at=NOW)
        for number, kind in enumerate(KINDS)
    ]  # fmt: skip
    return api


class Viewing(LocalAccess):
    """Somebody who may only look."""

    def find_person(self) -> None:
        super().find_person()
        from flask import g  # noqa: PLC0415 - there is a request only now

        g.person = Person("bek", VIEWERS)


@contextmanager
def serving_desk(api: ScriptedApi, *, viewing: bool = False) -> Iterator[str]:
    """The desk on a free port; its address."""
    port = free_port()
    access = (Viewing if viewing else LocalAccess)("aida", None)
    hosts = (f"{LOOPBACK}:{port}",)
    app = create_app(api, access, Options(stack="elsom-payments", hosts=hosts, clock=lambda: NOW))
    server = make_server(LOOPBACK, port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
