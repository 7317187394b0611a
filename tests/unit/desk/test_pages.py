"""The desk's pages: what each says, and what its buttons do, in whose name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from elsom_payments_client import (
    ApiUnreachable,
    ElsomUnreachable,
    GatewayError,
    NotConfigured,
    ReportTooLarge,
)
from tests.unit.desk.scripted import (
    KINDS,
    NOW,
    Browser,
    ScriptedApi,
    a_case,
    a_payment,
    an_id,
    paid,
)

ONE = f"/payments/{an_id(1)}"


def test_payments_are_listed_newest_first_with_their_state(
    api: ScriptedApi, browser: Browser
) -> None:
    api.payments = [
        a_payment(1),
        paid(2, late=True, created_at=NOW - timedelta(hours=2)),
        a_payment(3, status="expired", status_reason="unresolved",
                  created_at=NOW - timedelta(hours=3)),
    ]  # fmt: skip
    text = browser.get("/payments").text
    places = [text.index(found) for found in (">A-1<", ">A-2<", ">A-3<")]
    assert places == sorted(places)
    for state in ("Waiting", "Paid late", "Result not known"):
        assert f">{state}</span>" in text


def test_an_order_is_found_and_its_whole_quarter_is_looked_at(
    api: ScriptedApi, browser: Browser
) -> None:
    api.payments = [a_payment(1), a_payment(2, created_at=NOW - timedelta(days=80))]
    assert ">A-2<" not in browser.get("/payments").text
    text = browser.get("/payments?find=A-2").text
    assert ">A-2<" in text
    assert ">A-1<" not in text


def test_a_payments_number_leads_to_it_and_an_order_that_looks_like_one_is_searched(
    api: ScriptedApi, browser: Browser
) -> None:
    api.payments = [a_payment(1, order_id=an_id(9))]
    assert browser.get(f"/payments?find={an_id(1)}").location == ONE
    assert an_id(9) in browser.get(f"/payments?find={an_id(9)}").text


def test_payments_are_filtered_by_status_and_by_the_day_of_payment(
    api: ScriptedApi, browser: Browser
) -> None:
    # Paid at 23:59:59.999 and at 00:00 of Bishkek's clock.
    edge = NOW.replace(hour=18, minute=0) - timedelta(days=1)
    api.payments = [
        paid(1, paid_at=edge - timedelta(milliseconds=1)),
        paid(2, paid_at=edge),
        a_payment(3),
    ]
    text = browser.get("/payments?by=paid&from=2026-11-24&to=2026-11-24").text
    assert ">A-2<" in text
    assert ">A-1<" not in text
    assert ">A-3<" in browser.get("/payments?status=pending").text


def test_the_pages_of_a_list_keep_its_filters(api: ScriptedApi, browser: Browser) -> None:
    api.payments = [
        paid(number, created_at=NOW - timedelta(minutes=number)) for number in range(1, 120)
    ]
    first = browser.get("/payments?status=paid&by=created")
    assert ">A-50<" in first.text
    assert ">A-51<" not in first.text
    assert "cursor=50" in first.text
    second = browser.get("/payments?status=paid&by=created&cursor=50").text
    assert ">A-51<" in second
    assert "Back to the newest" in second
    assert "status=paid" in second


def test_a_page_on_which_nothing_matched_leads_on(api: ScriptedApi, browser: Browser) -> None:
    assert "No payment matches." in browser.get("/payments").text
    api.page_size = 1
    api.payments = [a_payment(1), a_payment(2)]
    api.list_page = lambda **_: replace(ScriptedApi.list_page(api), items=[])  # type: ignore[method-assign]
    text = browser.get("/payments").text
    assert "there are older ones" in text
    assert "Older payments" in text


@pytest.mark.parametrize(
    "query", ["from=2026-11-24&to=2026-11-23", "from=2026-08-01&to=2026-11-24"]
)
def test_a_span_that_the_api_would_refuse_is_said(browser: Browser, query: str) -> None:
    answer = browser.get(f"/payments?{query}")
    assert answer.status_code == 400
    assert "at most 92 days" in answer.text


@pytest.mark.parametrize(
    "query", ["status=odd&by=odd", "from=yesterday&to=", "find=%00%1b", "cursor="]
)
def test_odd_input_is_as_if_it_were_not_given(
    api: ScriptedApi, browser: Browser, query: str
) -> None:
    api.payments = [a_payment(1)]
    assert browser.get(f"/payments?{query}").status_code == 200


def test_a_payment_shows_facts_timeline_and_events(api: ScriptedApi, browser: Browser) -> None:
    api.payments = [
        paid(1, amount="150.00", elsom_transaction_id="PSP1", customer_msisdn="0556***910",
             metadata={"basket": "<17>"})
    ]  # fmt: skip
    api.timelines[an_id(1)] = [
        {"at": "2026-11-24T08:00:00.000Z", "what": "created"},
        {"at": "2026-11-24T08:00:02.000Z", "what": "paid", "queriedBy": "notification"},
        {"at": "2026-11-24T08:00:03.000Z", "what": "something_new", "x": 1},
    ]
    text = browser.get(ONE).text
    for found in ("150.00\u00a0som", "PSP1", "0556***910", "&lt;17&gt;", "24.11.2026 14:00:02"):
        assert found in text
    assert "Elsom confirmed it after a notification from Elsom." in text
    assert "something_new" in text
    assert "<17>" not in text


def test_a_check_is_made_in_the_persons_name_and_the_new_status_is_said(
    api: ScriptedApi, browser: Browser
) -> None:
    api.payments = [a_payment(1)]
    api.after_check = lambda one: replace(one, status="paid", paid_at=NOW)
    browser.get(ONE)
    text = browser.post(f"{ONE}/check").text
    assert api.requested == [("check", an_id(1), "aida")]
    assert "The status is: Paid." in text
    assert "The status is" not in browser.get(ONE).text


def test_a_check_while_elsom_is_away_is_said_and_changes_nothing(
    api: ScriptedApi, browser: Browser
) -> None:
    api.payments = [a_payment(1)]
    api.failures["check"] = ElsomUnreachable(503, {})
    browser.get(ONE)
    text = browser.post(f"{ONE}/check").text
    assert "Elsom does not answer now" in text
    assert ">Waiting</span>" in text


def test_the_last_event_is_sent_again_in_the_persons_name(
    api: ScriptedApi, browser: Browser
) -> None:
    api.payments = [paid(1), a_payment(2, status="created")]
    browser.get(ONE)
    assert "Event E1 is being sent again." in browser.post(f"{ONE}/resend").text
    none = browser.post(f"/payments/{an_id(2)}/resend").text
    assert "There is no event yet" in none
    assert [by for _, _, by in api.requested] == ["aida", "aida"]


@pytest.mark.parametrize("path", [f"/payments/{an_id(5)}", "/payments/x", "/payments/..%2f", "/x"])
def test_what_is_not_there_is_not_found(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "Not found" in answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_says_in_one_sentence_what_happened_and_what_to_do(
    api: ScriptedApi, browser: Browser, kind: str
) -> None:
    api.open_cases = [a_case(1, kind)]
    text = browser.get("/cases").text
    assert "{" not in text
    assert "None" not in text
    assert "What to do" in text
    if kind != "paid_unknown":
        assert "1,500.00\u00a0som" in text
        assert f'href="{ONE}"' in text


def test_a_case_of_a_kind_that_a_newer_api_has_is_shown_with_its_evidence(
    api: ScriptedApi, browser: Browser
) -> None:
    api.open_cases = [replace(a_case(1), kind="odd_kind", evidence={"odd": "<x>", "none": None})]
    text = browser.get("/cases").text
    assert "odd_kind" in text
    assert "&lt;x&gt;" in text


def test_evidence_that_is_missing_leaves_a_sentence_that_can_be_read(
    api: ScriptedApi, browser: Browser
) -> None:
    api.open_cases = [a_case(1, "paid_late", evidence={"amount": "5.00"})]
    text = browser.get("/cases").text
    assert "5.00\u00a0som came in –" in text


def test_a_case_is_settled_with_a_note_by_this_person(api: ScriptedApi, browser: Browser) -> None:
    api.open_cases = [a_case(1)]
    browser.get("/cases")
    text = browser.post(f"/cases/{api.open_cases[0].id}/resolve", note=" paid\r\n back ").text
    assert "The case is settled." in text
    assert "Settled " in text
    assert "by aida" in text
    assert (api.open_cases[0].note, api.open_cases[0].resolved_by) == ("paid back", "aida")


def test_a_case_that_another_person_settled_first_stays_theirs(
    api: ScriptedApi, browser: Browser
) -> None:
    api.open_cases = [a_case(1)]
    browser.get("/cases")
    api.open_cases = [
        a_case(1, state="resolved", note="theirs", resolved_by="bek", resolved_at=NOW)
    ]
    text = browser.post(f"/cases/{api.open_cases[0].id}/resolve", note="mine").text
    assert "had been settled already, by bek" in text
    assert api.open_cases[0].note == "theirs"


@pytest.mark.parametrize("note", ["", "   ", "x" * 501, "a\x00b", "a\u202eb"])
def test_a_note_that_the_api_would_refuse_is_not_sent(
    api: ScriptedApi, browser: Browser, note: str
) -> None:
    api.open_cases = [a_case(1)]
    browser.get("/cases")
    text = browser.post(f"/cases/{api.open_cases[0].id}/resolve", note=note).text
    assert "must have 1 to 500 characters" in text
    assert api.calls["resolve_case"] == 0


def test_settled_cases_have_a_list_of_their_own(api: ScriptedApi, browser: Browser) -> None:
    assert "No open case" in browser.get("/cases").text
    api.open_cases = [a_case(1, state="resolved", note="done", resolved_at=NOW)]
    assert "No open case" in browser.get("/cases?state=odd").text
    assert "done" in browser.get("/cases?state=resolved").text


def test_a_report_has_the_days_totals(api: ScriptedApi, browser: Browser) -> None:
    api.payments = [paid(1, amount="150.00"), paid(2, amount="0.55", late=True), a_payment(3)]
    api.open_cases = [a_case(1, "disagreement")]
    text = browser.get("/reports/2026-11-24").text
    assert "150.55\u00a0som" in text
    assert "0.55\u00a0som" in text
    assert "Elsom changed its answer" in text
    assert "This day is not over." in text
    assert "Day after" not in text


def test_the_day_of_a_report_is_chosen_by_a_form(browser: Browser) -> None:
    assert browser.get("/reports").location == "/reports/2026-11-24"
    assert browser.get("/reports?day=2026-11-20").location == "/reports/2026-11-20"
    assert "Day after" in browser.get("/reports/2026-11-20").text
    wrong = browser.client.get("/reports?day=2026-02-30", follow_redirects=True).text
    assert "That is no day." in wrong


@pytest.mark.parametrize("path", ["2026-02-30", "today", "2026-11-24.pdf", "1999-01-01.csv"])
def test_a_report_of_no_day_is_not_found(browser: Browser, path: str) -> None:
    assert browser.get(f"/reports/{path}").status_code == 404


def test_a_day_that_is_too_large_names_the_command(api: ScriptedApi, browser: Browser) -> None:
    api.failures["report"] = ReportTooLarge(503, {})
    answer = browser.get("/reports/2026-11-23")
    assert answer.status_code == 503
    assert "./elsom report 2026-11-23" in answer.text


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (ApiUnreachable("ConnectTimeout"), "The payments API does not answer"),
        (GatewayError(403, {}), "does not let the desk in"),
        (NotConfigured(503, {}), "The stack is not set up yet"),
        (ElsomUnreachable(503, {"instance": "urn:uuid:7"}), "urn:uuid:7"),
    ],
)
def test_an_api_that_fails_is_said_and_nothing_more(
    api: ScriptedApi, browser: Browser, failure: Exception, says: str
) -> None:
    api.failures["list_page"] = failure
    answer = browser.get("/payments")
    assert answer.status_code == 503
    assert says in answer.text
    assert "ConnectTimeout" not in answer.text


def test_an_unforeseen_error_shows_nothing_of_itself(
    api: ScriptedApi, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    api.failures["list_page"] = RuntimeError("secret of the shop")
    answer = browser.get("/payments")
    assert answer.status_code == 500
    assert "Something went wrong" in answer.text
    assert "secret of the shop" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text
