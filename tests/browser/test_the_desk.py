"""The desk in a browser: for every eye, on a phone and a screen, by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from desk.words import LANGUAGES
from tests.browser.axe import faults
from tests.browser.chromium import PHONE, Watched, phone, too_wide
from tests.browser.desk_in_process import PAGES, scripted, serving_desk
from tests.unit.desk.scripted import ScriptedApi, an_id

pytestmark = pytest.mark.needs("chromium")
SCREEN = {"width": 1200, "height": 900}
LOOKS: dict[str, tuple[str, Any, Literal["light", "dark"]]] = {
    "phone": ("ky", PHONE, "light"),
    "phone, dark": ("ru", PHONE, "dark"),
    "screen": ("en", SCREEN, "light"),
    "screen, dark": ("ru", SCREEN, "dark"),
}


@pytest.fixture(scope="module")
def desk() -> Iterator[str]:
    with serving_desk(scripted()) as url:
        yield url


@pytest.fixture(scope="module")
def viewing() -> Iterator[str]:
    with serving_desk(scripted(), viewing=True) as url:
        yield url


def opened(browser: Browser, url: str, language: str, **more: Any) -> Iterator[Page]:
    with phone(browser, **more) as context:
        context.add_cookies([{"name": "desk-language", "value": language, "url": url}])
        page = context.new_page()
        watched = Watched(page)
        yield page
        assert watched.complaints == []


@pytest.mark.needs("npm")
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page(browser: Browser, desk: str, look: str, name: str) -> None:
    language, size, scheme = LOOKS[look]
    for page in opened(browser, desk, language, viewport=size, color_scheme=scheme):
        page.goto(desk + PAGES[name])
        page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        assert faults(page) == []


@pytest.mark.needs("npm")
@pytest.mark.parametrize("name", ["payment", "cases"])
def test_axe_finds_nothing_where_one_may_only_look(
    browser: Browser, viewing: str, name: str
) -> None:
    for page in opened(browser, viewing, "en"):
        page.goto(viewing + PAGES[name])
        assert faults(page) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_to_be_moved_sideways_on_a_phone(
    browser: Browser, desk: str, language: str
) -> None:
    for page in opened(browser, desk, language, viewport=PHONE):
        for name, path in PAGES.items():
            page.goto(desk + path)
            assert not too_wide(page), name
            small = page.eval_on_selector_all(
                "button, main a.button, input, select, nav a",
                "all => all.filter(one => one.offsetHeight && one.offsetHeight < 40)"
                ".map(one => one.outerHTML)",
            )
            assert small == [], name


def test_the_desk_can_be_used_by_the_keyboard_alone(browser: Browser, api: ScriptedApi) -> None:
    with serving_desk(api) as url:
        for page in opened(browser, url, "en", viewport=SCREEN):
            page.goto(f"{url}/")
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == "To the content"
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "content"
            page.goto(f"{url}/payments")
            page.locator("#find").focus()
            page.keyboard.type("A-2")
            page.keyboard.press("Enter")
            page.get_by_role("link", name="A-2", exact=True).focus()
            page.keyboard.press("Enter")
            page.get_by_role("button", name="Query Elsom now").focus()
            page.keyboard.press("Space")
            page.get_by_text("Elsom was queried.").wait_for()
            assert api.requested == [("check", an_id(2), "aida")]
            outline = page.evaluate(
                "getComputedStyle(document.querySelector('nav a')).outlineStyle"
            )
            assert outline == "none"
            page.locator("nav a").first.focus()
            page.keyboard.press("Tab")
            assert page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle"
            ) == "solid"  # fmt: skip


@pytest.fixture
def api() -> ScriptedApi:
    return scripted()


def test_a_case_is_settled_and_the_page_shows_it_where_it_is(
    browser: Browser, api: ScriptedApi
) -> None:
    with serving_desk(api) as url:
        for page in opened(browser, url, "en"):
            page.goto(f"{url}/cases")
            first = page.locator("article").first
            first.get_by_label("What was found and done").fill("Paid back in cash")
            first.get_by_role("button").click()
            page.get_by_text("The case is settled.").wait_for()
            settled = page.locator(f"#case-{api.open_cases[0].id}")
            assert "by aida" in settled.inner_text()
            assert "Paid back in cash" in settled.inner_text()
            page.goto(f"{url}/cases")
            assert page.locator("article").count() == 4


def test_the_language_is_changed_in_place(browser: Browser, desk: str) -> None:
    for page in opened(browser, desk, "en"):
        page.goto(f"{desk}/cases?state=resolved")
        page.get_by_role("button", name="Кыргызча").click()
        page.wait_for_selector("html[lang=ky]")
        assert page.url == f"{desk}/cases?state=resolved"


def test_both_files_are_downloaded_by_their_links(browser: Browser, desk: str) -> None:
    for page in opened(browser, desk, "en"):
        page.goto(f"{desk}/reports/2026-11-24")
        for link, name in (("CSV", "paid-2026-11-24.csv"), ("Excel", "report-2026-11-24.xlsx")):
            with page.expect_download() as coming:
                page.get_by_role("link", name=link).click()
            assert coming.value.suggested_filename == name
