"""The result page in a browser, in every state: what it does by itself, and for everybody."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from payments.domain.errors import StoreUnavailable
from payments.domain.payment import Payment
from payments.pages.state import State
from payments.pages.texts import LANGUAGES, TEXTS
from tests.browser.axe import faults
from tests.browser.chromium import phone, too_wide
from tests.browser.in_process import PagesServer
from tests.browser.passing_time import PassingTime
from tests.browser.world import STATES, in_state
from tests.fakes.elsom import IN_PROGRESS, PAID, TIMED_OUT

pytestmark = pytest.mark.needs("chromium")

EVERY_PAGE = [(state, language) for state in STATES for language in LANGUAGES]


def open_in(page: Page, server: PagesServer, payment: Payment, *, query: bool = False) -> None:
    server.world.show(payment, query=query)
    answer = page.goto(server.result_url())
    assert answer is not None
    assert answer.status == 200


# ---- for everybody ----


@pytest.mark.needs("npm")
@pytest.mark.parametrize(("state", "language"), EVERY_PAGE)
def test_axe_finds_nothing_on_any_state(
    page: Page, server: PagesServer, state: str, language: str
) -> None:
    open_in(page, server, in_state(state, language))
    assert faults(page) == []
    if language == "ky":
        page.emulate_media(color_scheme="dark")
        assert faults(page) == []


@pytest.mark.needs("npm")
def test_axe_would_find_what_is_wrong(page: Page, server: PagesServer) -> None:
    open_in(page, server, in_state("waiting"))
    page.evaluate(
        "document.documentElement.lang = ''; document.querySelector('.more a').textContent = ''"
    )
    assert {fault["rule"] for fault in faults(page)} >= {"html-has-lang", "link-name"}


@pytest.mark.needs("npm")
def test_axe_finds_nothing_on_the_pages_in_three_languages(page: Page, server: PagesServer) -> None:
    page.goto(server.back_url())
    assert faults(page) == []
    page.goto(server.result_url() + "x")
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert faults(page) == []


@pytest.mark.needs("npm")
def test_axe_finds_nothing_once_the_page_has_stopped_asking(
    page: Page, server: PagesServer
) -> None:
    passing = PassingTime(page)
    open_in(page, server, in_state("waiting"))
    passing.seconds(63)
    passing.seconds(1)
    expect(page.locator("body.stopped")).to_be_visible()
    page.clock.resume()  # axe waits for timers of its own
    assert faults(page) == []


@pytest.mark.parametrize(("state", "language"), EVERY_PAGE)
def test_a_phone_shows_it_without_scrolling(
    page: Page, server: PagesServer, state: str, language: str
) -> None:
    open_in(page, server, in_state(state, language))
    assert not too_wide(page)
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= 740


@pytest.mark.parametrize("language", LANGUAGES)
def test_twice_as_large_nothing_is_cut_off(
    browser: Browser, server: PagesServer, language: str
) -> None:
    # Zoomed to 200 %, a phone of 360 pixels has room for 180.
    with phone(browser, viewport={"width": 180, "height": 370}) as context:
        page = context.new_page()
        for state in STATES:
            payment = in_state(
                state, language, order_id="ORDER-2026-000000123", amount=99_999_999_999
            )
            open_in(page, server, payment)
            assert not too_wide(page), state
        page.goto(server.back_url())
        assert not too_wide(page)


def test_the_keyboard_reaches_every_way_and_shows_where_it_is(
    page: Page, server: PagesServer
) -> None:
    open_in(page, server, in_state("waiting"))
    for text in (TEXTS["ru"].not_paid_yet, TEXTS["ru"].back):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_have_text(text)
        assert focused.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"


@pytest.mark.parametrize(("motion", "name"), [("no-preference", "turn"), ("reduce", "none")])
def test_nothing_turns_for_who_wants_no_motion(
    browser: Browser, server: PagesServer, motion: str, name: str
) -> None:
    with phone(browser, reduced_motion=motion) as context:
        page = context.new_page()
        open_in(page, server, in_state("waiting"))
        turning = page.locator(".turn").evaluate("node => getComputedStyle(node).animationName")
        assert turning == name


# ---- by itself ----


def test_it_asks_after_2_4_8_seconds_and_stops_after_two_minutes(
    page: Page, server: PagesServer
) -> None:
    passing = PassingTime(page)
    open_in(page, server, in_state("waiting"))
    queried = []
    for second in range(1, 131):
        before = server.requests.count("/return/{id}/status")
        passing.seconds(1)
        if server.requests.count("/return/{id}/status") > before:
            queried.append(second)
    assert queried == [2, 6, 14, 30, 62]
    expect(page.get_by_text(TEXTS["ru"].no_answer_yet)).to_be_visible()
    expect(page.get_by_text(TEXTS["ru"].states[State.WAITING].step)).to_be_hidden()
    page.get_by_role("link", name=TEXTS["ru"].check_again).click()
    expect(page.get_by_text(TEXTS["ru"].states[State.WAITING].step)).to_be_visible()


def test_while_nothing_changes_nothing_on_the_page_moves(page: Page, server: PagesServer) -> None:
    passing = PassingTime(page)
    open_in(page, server, in_state("waiting"))
    page.evaluate(
        "new MutationObserver(all => window.moved = all.length)"
        ".observe(document.body, { subtree: true, childList: true, characterData: true })"
    )
    passing.seconds(31)
    assert server.requests.count("/return/{id}/status") == 4
    assert page.evaluate("window.moved") is None


@pytest.mark.parametrize(
    "state", ["waiting", "unknown", "expired", "unresolved", "cancelled", "failed"]
)
def test_paid_while_it_is_watched_it_says_so_without_loading_again(
    page: Page, server: PagesServer, state: str
) -> None:
    passing = PassingTime(page)
    open_in(page, server, in_state(state, "ky"))
    page.evaluate("window.mark = 1")
    server.world.elsom.answers(PAID)
    server.world.pass_seconds(11)
    passing.seconds(2)
    shown = "paid" if state in ("waiting", "unknown") else "late"
    expect(page.locator("h1")).to_have_text(TEXTS["ky"].states[State(shown)].title)
    expect(page).to_have_title(re.compile(TEXTS["ky"].states[State(shown)].title))
    assert page.evaluate("window.mark") == 1
    assert page.evaluate("document.body.className") == shown
    requests = len(server.requests)
    passing.seconds(20)
    assert len(server.requests) == requests


def test_who_was_reading_with_the_keyboard_is_not_lost_when_it_changes(
    page: Page, server: PagesServer
) -> None:
    passing = PassingTime(page)
    open_in(page, server, in_state("waiting"))
    page.keyboard.press("Tab")
    server.world.elsom.answers(TIMED_OUT)
    server.world.pass_seconds(11)
    passing.seconds(2)
    expect(page.locator("h1")).to_have_text(TEXTS["ru"].states[State.EXPIRED].title)
    expect(page.locator("h1")).to_be_focused()


def test_it_lives_through_a_lost_connection_and_a_store_that_is_down(
    page: Page, server: PagesServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = PassingTime(page)
    open_in(page, server, in_state("waiting"))
    page.context.set_offline(True)
    passing.seconds(2)
    page.context.set_offline(False)

    def down(_payment_id: str) -> None:
        raise StoreUnavailable("DynamoDB: InternalServerError")

    with monkeypatch.context() as broken:
        broken.setattr(server.world.store.payments, "get", down)
        passing.seconds(4)
    server.world.elsom.answers(PAID)
    server.world.pass_seconds(11)
    passing.seconds(8)
    expect(page.locator("body.paid")).to_be_visible()


def test_back_from_the_wallets_app_it_asks_again_after_it_had_stopped(
    page: Page, server: PagesServer
) -> None:
    passing = PassingTime(page)
    open_in(page, server, in_state("waiting"))
    passing.seconds(63)
    passing.seconds(1)
    expect(page.locator("body.stopped")).to_be_visible()
    server.world.elsom.answers(PAID)
    server.world.pass_seconds(11)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    passing.seconds(2)
    expect(page.locator("body.paid")).to_be_visible()


def test_however_often_it_is_reloaded_elsom_is_asked_once(page: Page, server: PagesServer) -> None:
    server.world.elsom.answers(IN_PROGRESS)
    open_in(page, server, in_state("waiting"), query=True)
    for _ in range(10):
        page.reload()
    assert len(server.world.elsom.queries) == 1
    assert server.requests.count("/return/{id}") == 11


# ---- without a script ----


def test_without_a_script_it_loads_itself_and_shows_paid(
    browser: Browser, server: PagesServer
) -> None:
    with phone(browser, java_script_enabled=False) as context:
        page = context.new_page()
        open_in(page, server, in_state("waiting", "en"))
        expect(page.get_by_role("heading")).to_have_text("Checking your payment")
        server.world.elsom.answers(PAID)
        server.world.pass_seconds(11)
        page.wait_for_url("**&n=1", timeout=10_000)
        expect(page.get_by_role("heading")).to_have_text("Payment received")


def test_without_a_script_the_last_turn_offers_to_check_again(
    browser: Browser, server: PagesServer
) -> None:
    with phone(browser, java_script_enabled=False) as context:
        page = context.new_page()
        server.world.show(in_state("waiting", "en"))
        page.goto(server.result_url() + "&n=5")
        page.get_by_role("link", name="Check again").click()
        page.wait_for_url(server.result_url())


# ---- the ways from here ----


def test_who_has_not_paid_yet_finds_the_way_to_elsom(page: Page, server: PagesServer) -> None:
    open_in(page, server, in_state("waiting"))
    link = page.get_by_role("link", name=TEXTS["ru"].not_paid_yet)
    assert link.get_attribute("href") == server.pay_url()


def test_the_shop_is_told_the_payment_and_the_hint(page: Page, server: PagesServer) -> None:
    open_in(page, server, in_state("paid", return_url="https://shop.kg/thanks?order=7"))
    link = page.get_by_role("link", name=TEXTS["ru"].back)
    payment = in_state("paid")
    assert link.get_attribute("href") == (
        f"https://shop.kg/thanks?order=7&paymentId={payment.id}&status=paid"
    )
