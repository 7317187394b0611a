"""The shop's client: what each method sends, and what it makes of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from elsom_payments_client import (
    Case,
    ElsomPayments,
    NotFound,
    Payment,
    StillOpen,
    Total,
)
from payments.domain.events import CaseView
from tests.unit.python_client.world import (
    AT,
    CASE,
    CASE_ID,
    EVENT,
    OPENAPI,
    PAID,
    PAYMENT,
    PAYMENT_ID,
    REPORT,
    Answers,
    Clock,
    assert_signed,
    query_of,
)


def test_a_start_sends_every_field_and_its_key(answers: Answers, api: ElsomPayments) -> None:
    answers.give("POST", "/payments", PAYMENT, 201)
    payment = api.start(
        "1500.00", "A-1001", idempotency_key="order-A-1001", language="ky",
        customer_msisdn="0556109910", cashier_no="7", description="a kalpak",
        return_url="https://shop.example/thanks", metadata={"cart": "7"},
    )  # fmt: skip
    request = answers.requests[-1]
    body = json.loads(request.body or b"")
    assert set(body) == set(OPENAPI["components"]["schemas"]["PaymentRequest"]["properties"])
    assert (body["amount"], body["customerMsisdn"]) == ("1500.00", "0556109910")
    assert request.headers["Idempotency-Key"] == "order-A-1001"
    assert (payment.amount, payment.checkout_url) == ("1500.00", PAYMENT["checkoutUrl"])
    assert payment.created_at == datetime(2026, 11, 24, 5, 50, tzinfo=UTC)


def test_what_is_not_given_is_not_sent(answers: Answers, api: ElsomPayments) -> None:
    answers.give("POST", "/payments", PAYMENT, 201)
    api.start("1500.00", "A-1001", idempotency_key="k")
    assert json.loads(answers.requests[-1].body or b"") == {
        "amount": "1500.00",
        "orderId": "A-1001",
    }


def test_a_start_without_a_key_or_with_a_number_for_money_is_not_made(api: ElsomPayments) -> None:
    start: Callable[..., Payment] = api.start
    with pytest.raises(TypeError, match="idempotency_key"):
        start("1500.00", "A-1001")
    with pytest.raises(TypeError, match="a string in som"):
        start(1500.0, "A-1001", idempotency_key="k")


def test_a_payment_is_read_and_checked(answers: Answers, api: ElsomPayments) -> None:
    answers.give("GET", f"/payments/{PAYMENT_ID}", PAYMENT)
    assert not api.get(PAYMENT_ID).is_final
    answers.give("POST", f"/payments/{PAYMENT_ID}/check", PAID)
    assert api.check(PAYMENT_ID).is_final


def test_a_timeline_is_read(answers: Answers, api: ElsomPayments) -> None:
    items = [{"at": AT, "what": "created"}]
    answers.give("GET", f"/payments/{PAYMENT_ID}/timeline", {"items": items})
    assert api.timeline(PAYMENT_ID) == items


def test_the_last_event_is_sent_again(answers: Answers, api: ElsomPayments) -> None:
    resent = {"eventId": "E1", "type": "payment.paid"}
    answers.give("POST", f"/payments/{PAYMENT_ID}/resend", resent, 202)
    assert api.resend(PAYMENT_ID) == "E1"


def test_a_list_is_filtered_and_read_page_by_page(answers: Answers, api: ElsomPayments) -> None:
    answers.give("GET", "/payments", {"items": [PAYMENT], "nextCursor": "c2"})
    # A filtered page may be empty and still have a cursor.
    answers.give("GET", "/payments", {"items": [], "nextCursor": "c3"})
    answers.give("GET", "/payments", {"items": [PAID], "nextCursor": None})
    found = api.list(
        status="paid", order_id="A 1/2+3", since=datetime(2026, 11, 1, tzinfo=UTC), until=AT
    )
    assert [one.status for one in found] == ["pending", "paid"]
    wanted = {"status": "paid", "orderId": "A 1/2+3", "from": "2026-11-01T00:00:00+00:00", "to": AT}
    assert query_of(answers.requests[0]) == {**wanted, "limit": "100"}
    assert [query_of(answers.requests[place]).get("cursor") for place in range(3)] == [
        None,
        "c2",
        "c3",
    ]


@pytest.mark.parametrize(
    ("limit", "sizes"), [(25, ["25"]), (100, ["100"]), (150, ["100", "50"]), (None, ["100"] * 3)]
)
def test_a_list_ends_at_its_limit(
    answers: Answers, api: ElsomPayments, limit: int | None, sizes: list[str]
) -> None:
    for place, size in enumerate(sizes):
        more = None if limit is None and place == 2 else f"c{place}"
        answers.give("GET", "/payments", {"items": [PAYMENT] * int(size), "nextCursor": more})
    assert len(list(api.list(limit=limit))) == sum(map(int, sizes))
    assert [query_of(call.request)["limit"] for call in answers.calls] == sizes


def test_nothing_is_fetched_before_it_is_needed(api: ElsomPayments) -> None:
    api.list()
    assert list(api.cases(limit=0)) == []


def test_cases_are_listed_and_resolved(answers: Answers, api: ElsomPayments) -> None:
    answers.give("GET", "/cases", {"items": [CASE], "nextCursor": None})
    (case,) = api.cases("open", limit=10)
    assert query_of(answers.requests[-1]) == {"state": "open", "limit": "10"}
    assert (case.kind, case.evidence) == ("unresolved", {"paidAt": AT})
    answers.give("POST", f"/cases/{CASE_ID}/resolve", {**CASE, "state": "resolved", "note": "x"})
    assert api.resolve_case(CASE_ID, "x").state == "resolved"
    assert json.loads(answers.requests[-1].body or b"") == {"note": "x"}


def test_a_list_goes_by_the_time_of_payment_too(answers: Answers, api: ElsomPayments) -> None:
    answers.give("GET", "/payments", {"items": [PAID], "nextCursor": None})
    assert len(list(api.list(paid_since=AT, paid_until=datetime(2026, 12, 1, tzinfo=UTC)))) == 1
    assert query_of(answers.requests[-1]) == {
        "paidFrom": AT,
        "paidTo": "2026-12-01T00:00:00+00:00",
        "limit": "100",
    }


def test_one_page_has_the_cursor_of_the_next(answers: Answers, api: ElsomPayments) -> None:
    answers.give("GET", "/payments", {"items": [PAYMENT], "nextCursor": "c2"})
    page = api.list_page(status="pending", limit=25, cursor="c1")
    assert ([one.id for one in page.items], page.cursor) == ([PAYMENT_ID], "c2")
    assert query_of(answers.requests[-1]) == {"status": "pending", "cursor": "c1", "limit": "25"}
    answers.give("GET", "/cases", {"items": [CASE], "nextCursor": None})
    cases = api.cases_page("resolved")
    assert ([one.id for one in cases.items], cases.cursor) == ([CASE_ID], None)
    assert query_of(answers.requests[-1]) == {"state": "resolved", "limit": "100"}


def test_events_are_read_with_their_delivery(answers: Answers, api: ElsomPayments) -> None:
    answers.give("GET", f"/payments/{PAYMENT_ID}/events", {"items": [EVENT]})
    (event,) = api.events(PAYMENT_ID)
    assert (event.delivery, event.tries) == ("retrying", 2)
    assert event.next_try_at == datetime(2026, 11, 24, 5, 50, tzinfo=UTC)


def test_a_report_is_read_to_the_tyiyn(answers: Answers, api: ElsomPayments) -> None:
    answers.give("GET", "/reports/2026-11-24", REPORT)
    report = api.report(date(2026, 11, 24))
    assert (report.day, report.time_zone) == (date(2026, 11, 24), "Asia/Bishkek")
    assert report.paid == Total(count=3, amount="4650.00")
    assert report.by_status["paid"] == Total(count=2, amount="4500.00")
    assert report.cases["paid_late"] == 1
    assert report.document == REPORT


def test_who_wants_it_is_sent_and_otherwise_nothing(answers: Answers, api: ElsomPayments) -> None:
    resent = {"eventId": "E1", "type": "payment.paid"}
    answers.give("POST", f"/payments/{PAYMENT_ID}/check", PAID)
    answers.give("POST", f"/payments/{PAYMENT_ID}/resend", resent, 202)
    answers.give("POST", f"/cases/{CASE_ID}/resolve", {**CASE, "resolvedBy": "aida"})
    answers.give("POST", f"/payments/{PAYMENT_ID}/check", PAID)
    api.check(PAYMENT_ID, requested_by="aida")
    api.resend(PAYMENT_ID, requested_by="aida")
    assert api.resolve_case(CASE_ID, "x", resolved_by="aida").resolved_by == "aida"
    api.check(PAYMENT_ID)
    bodies = [request.body for request in answers.requests]
    assert [json.loads(body) if body else None for body in bodies] == [
        {"requestedBy": "aida"},
        {"requestedBy": "aida"},
        {"note": "x", "resolvedBy": "aida"},
        None,
    ]


def test_a_case_has_every_field_that_the_api_shows() -> None:
    assert set(Case.__dataclass_fields__) - {"document"} == set(CaseView.__struct_fields__)


ROUTES: dict[tuple[str, str], tuple[Callable[[ElsomPayments], object], dict[str, Any]]] = {
    ("post", "/payments"): (lambda api: api.start("1", "A", idempotency_key="k"), PAYMENT),
    ("get", "/payments"): (lambda api: list(api.list()), {"items": [], "nextCursor": None}),
    ("get", "/payments/{id}"): (lambda api: api.get(PAYMENT_ID), PAYMENT),
    ("get", "/payments/{id}/timeline"): (lambda api: api.timeline(PAYMENT_ID), {"items": []}),
    ("post", "/payments/{id}/check"): (lambda api: api.check(PAYMENT_ID), PAYMENT),
    ("post", "/payments/{id}/resend"): (lambda api: api.resend(PAYMENT_ID), {"eventId": "E1"}),
    ("get", "/payments/{id}/events"): (lambda api: api.events(PAYMENT_ID), {"items": [EVENT]}),
    ("get", "/reports/{day}"): (lambda api: api.report("2026-11-24"), REPORT),
    ("get", "/cases"): (lambda api: list(api.cases()), {"items": [], "nextCursor": None}),
    ("post", "/cases/{id}/resolve"): (lambda api: api.resolve_case(PAYMENT_ID, "x"), CASE),
}


def test_every_route_of_the_api_has_a_method() -> None:
    paths = {(method, path) for path, methods in OPENAPI["paths"].items() for method in methods}
    assert set(ROUTES) == paths


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_a_method_calls_its_route_signed_and_once(
    answers: Answers, api: ElsomPayments, route: tuple[str, str]
) -> None:
    call, document = ROUTES[route]
    path = route[1].replace("{id}", PAYMENT_ID).replace("{day}", "2026-11-24")
    answers.give(route[0].upper(), path, document)
    call(api)
    (request,) = answers.requests
    assert urlsplit(str(request.url)).path == f"/v1{path}"
    assert_signed(request)


def test_a_field_of_a_newer_api_is_in_the_document_alone() -> None:
    payment = Payment.from_json({**PAYMENT, "somethingNew": 1})
    assert payment.document["somethingNew"] == 1
    assert payment == Payment.from_json(PAYMENT)
    assert "somethingNew" not in repr(payment)


@pytest.mark.parametrize("identifier", ["", "..", "a/b", "A?x=1", f"{PAYMENT_ID}\n", "а" * 20])
def test_what_cannot_be_an_id_never_becomes_a_path(api: ElsomPayments, identifier: str) -> None:
    for method in (api.get, api.check, api.timeline, api.events, api.resend, api.report):
        with pytest.raises(NotFound, match="is no id"):
            method(identifier)
    with pytest.raises(NotFound, match="is no id"):
        api.resolve_case(identifier, "x")


def test_waiting_ends_with_the_payments_end(
    answers: Answers, api: ElsomPayments, clock: Clock
) -> None:
    for document in (PAYMENT, PAYMENT, PAID):
        answers.give("GET", f"/payments/{PAYMENT_ID}", document)
    assert api.wait(PAYMENT_ID, timeout=10, interval=3).status == "paid"
    assert clock.slept == [3, 3]


def test_waiting_too_long_is_an_error_with_the_payment(
    answers: Answers, api: ElsomPayments
) -> None:
    for _ in range(3):
        answers.give("GET", f"/payments/{PAYMENT_ID}", PAYMENT)
    with pytest.raises(StillOpen, match="still pending") as raised:
        api.wait(PAYMENT_ID, timeout=2, interval=1)
    assert raised.value.payment.id == PAYMENT_ID
    assert raised.value.may_repeat
