"""The numbers of *Today*: right, read seldom, and a page that does not wait for ever."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta

import pytest

from desk.figures import CASES_COUNTED, DAYS, Figures, Today
from desk.times import day_of
from elsom_payments_client import ApiUnreachable, Report, ReportTooLarge
from tests.unit.desk.scripted import (
    NOW,
    Browser,
    ScriptedApi,
    a_case,
    a_payment,
    an_id,
    paid,
)

TODAY = day_of(NOW)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def today(api: ScriptedApi, wait_seconds: float = 5) -> Today:
    return Figures(api, Clock(), wait_seconds).today()


def test_the_sum_of_today_is_what_was_paid_by_bishkeks_day(api: ScriptedApi) -> None:
    midnight = NOW.replace(hour=18, minute=0) - timedelta(days=1)
    api.payments = [
        paid(1, amount="150.00"),
        paid(2, amount="0.05", paid_at=midnight),
        paid(3, amount="99.00", paid_at=midnight - timedelta(milliseconds=1)),
    ]
    found = today(api)
    assert (found.paid.count, found.paid.amount) == (2, "150.05")
    before = found.days[TODAY - timedelta(days=1)]
    assert before is not None
    assert before.amount == "99.00"
    assert list(found.days) == [TODAY - timedelta(days=age) for age in reversed(range(DAYS))]


def test_what_waits_is_counted_over_a_month_and_the_oldest_is_named(api: ScriptedApi) -> None:
    api.payments = [
        a_payment(1),
        a_payment(2, created_at=NOW - timedelta(days=4)),
        a_payment(3, created_at=NOW - timedelta(days=4, hours=3), status="start_unknown"),
        a_payment(4, created_at=NOW - timedelta(days=40)),
        a_payment(5, created_at=NOW - timedelta(days=9), status="failed"),
    ]
    api.page_size = 1
    waiting = today(api).waiting
    assert waiting.count == 3
    assert waiting.oldest is not None
    assert waiting.oldest.id == an_id(3)


def test_without_anything_nothing_waits(api: ScriptedApi, browser: Browser) -> None:
    assert today(api).waiting.count == 0
    text = browser.get("/").text
    assert "No payment waits." in text
    assert "Nothing to settle." in text
    assert "None about the latest payments." in text


def test_open_cases_are_counted_up_to_a_hundred(api: ScriptedApi, browser: Browser) -> None:
    api.open_cases = [a_case(number) for number in range(CASES_COUNTED)]
    assert (today(api).open_cases, today(api).more_cases) == (CASES_COUNTED, False)
    api.open_cases.append(a_case(CASES_COUNTED))
    assert "100 or more" in browser.get("/").text


def test_the_last_notification_is_the_newest_of_the_latest_payments(api: ScriptedApi) -> None:
    api.payments = [a_payment(1), paid(2, created_at=NOW - timedelta(days=30))]
    for number, minute in ((1, 10), (2, 40)):
        api.timelines[an_id(number)] = [
            {"at": f"2026-11-24T08:{minute}:00.000Z", "what": "notification"},
            {"at": "2026-11-24T08:59:00.000Z", "what": "paid"},
        ]
    found = today(api).notification
    assert found is not None
    assert (found.payment.id, found.at.minute) == (an_id(2), 40)


def test_a_timeline_that_cannot_be_read_is_as_if_there_were_none(api: ScriptedApi) -> None:
    api.payments = [a_payment(1)]
    api.failures["timeline"] = ApiUnreachable("reset")
    assert today(api).notification is None


def test_a_day_that_is_over_is_read_once_in_a_while_and_today_always(api: ScriptedApi) -> None:
    clock = Clock()
    figures = Figures(api, clock)
    figures.today()
    assert api.calls["report"] == DAYS
    figures.today()
    assert api.calls["report"] == DAYS + 1
    clock.now += timedelta(minutes=2)
    figures.today()
    # Today, and the six days of which payments may still be open.
    assert api.calls["report"] == DAYS + 1 + 7


def test_the_report_of_a_day_that_still_ran_is_not_kept_as_the_whole_day(api: ScriptedApi) -> None:
    clock = Clock()
    figures = Figures(api, clock)
    figures.today()
    api.payments = [paid(1, amount="7.00", paid_at=NOW + timedelta(seconds=5))]
    clock.now = NOW + timedelta(hours=12)
    days = figures.today().days
    seen = days[TODAY]
    assert seen is not None
    assert seen.amount == "7.00"


class Slow(ScriptedApi):
    """A report of an older day does not come until it is let go."""

    gate = threading.Event()

    def report(self, day: date | str) -> Report:
        if day != TODAY:
            self.gate.wait(10)
        return super().report(day)


def test_a_page_does_not_wait_for_days_that_take_long() -> None:
    api = Slow(payments=[paid(1, amount="150.00")])
    try:
        found = today(api, wait_seconds=0.2)
    finally:
        api.gate.set()
    assert found.paid.amount == "150.00"
    assert [day for day, total in found.days.items() if total is not None] == [TODAY]


def test_a_day_that_is_too_large_is_missing_and_said_to_be(
    api: ScriptedApi, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = api.report

    def most(day: date) -> Report:
        if day == TODAY - timedelta(days=2):
            raise ReportTooLarge(503, {})
        return report(day)

    monkeypatch.setattr(api, "report", most)
    text = browser.get("/").text
    assert "Not added up yet: 1." in text
    assert "not known yet" in text


def test_where_even_today_cannot_be_read_the_page_says_so(
    api: ScriptedApi, browser: Browser
) -> None:
    api.failures["report"] = ApiUnreachable("reset")
    assert browser.get("/").status_code == 503


def test_the_chart_has_a_bar_for_each_day_on_which_something_was_paid(
    api: ScriptedApi, browser: Browser
) -> None:
    api.payments = [
        paid(number, amount=f"{number}00.00", paid_at=NOW - timedelta(days=number))
        for number in (1, 2, 4)
    ]
    text = browser.get("/").text
    assert text.count("<rect ") == 3
    assert 'height="120"><title>20.11.2026: 400.00\u00a0som' in text
    assert 'height="30"><title>23.11.2026: 100.00\u00a0som' in text
