"""Who may come in and act, and what no answer goes without."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import g
from flask.testing import FlaskClient

from desk.access import LocalAccess
from desk.app import OPEN_ENDPOINTS, Options, create_app
from desk.guard import OPERATORS, VIEWERS, Person
from desk.sessions import IDLE_SECONDS, LONGEST_SECONDS, MemoryStore
from tests.unit.desk.scripted import NOW, Browser, ScriptedApi, a_case, a_payment, an_id

KEY = "the-key-of-this-run"
ONE = f"/payments/{an_id(1)}"


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def locked(api: ScriptedApi, clock: Clock, store: MemoryStore) -> FlaskClient:
    """A desk that needs its key."""
    api.payments = [a_payment(1)]
    options = Options(stack="shop", hosts=("localhost",), store=store, clock=clock)
    return create_app(api, LocalAccess("aida", KEY), options).test_client()


class Viewing(LocalAccess):
    def find_person(self) -> None:
        g.person = Person("bek", VIEWERS)


def test_without_the_key_no_page_is_shown_and_the_api_is_not_called(
    api: ScriptedApi, locked: FlaskClient
) -> None:
    routes = list(locked.application.url_map.iter_rules())
    closed = [rule for rule in routes if rule.endpoint not in OPEN_ENDPOINTS]
    assert len(closed) >= 11
    for rule in closed:
        path = re.sub(r"<[^>]+>", an_id(1), rule.rule)
        for method in rule.methods or set():
            answer = locked.open(path, method=method)
            assert answer.status_code in {401, 400} if method == "POST" else 401, path
    assert not api.calls


def test_with_the_key_one_is_in_and_the_address_bar_forgets_it(locked: FlaskClient) -> None:
    answer = locked.get(f"/enter?key={KEY}")
    assert (answer.status_code, answer.location) == (302, "/")
    assert locked.get("/payments").status_code == 200


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], "ключ"])
def test_a_wrong_key_lets_nobody_in(locked: FlaskClient, key: str) -> None:
    assert locked.get(f"/enter?key={key}").status_code == 404
    assert locked.get("/payments").status_code == 401


def test_a_desk_without_a_key_has_no_way_in_by_one(browser: Browser) -> None:
    assert browser.get("/enter?key=").status_code == 404


def test_a_session_that_existed_before_the_login_opens_nothing_after_it(
    locked: FlaskClient,
) -> None:
    locked.get(f"/enter?key={KEY}")
    before = locked.get_cookie("desk")
    assert before is not None
    locked.get(f"/enter?key={KEY}")
    after = locked.get_cookie("desk")
    assert after is not None
    assert after.value != before.value
    locked.set_cookie("desk", before.value)
    assert locked.get("/payments").status_code == 401


def test_a_session_ends_after_a_time_without_use(locked: FlaskClient, clock: Clock) -> None:
    locked.get(f"/enter?key={KEY}")
    for _ in range(4):
        clock.now += timedelta(seconds=IDLE_SECONDS - 1)
        assert locked.get("/payments").status_code == 200
    clock.now += timedelta(seconds=IDLE_SECONDS + 1)
    assert locked.get("/payments").status_code == 401


def test_a_session_ends_after_a_working_day_whatever_happens(
    locked: FlaskClient, clock: Clock
) -> None:
    locked.get(f"/enter?key={KEY}")
    until = clock.now + timedelta(seconds=LONGEST_SECONDS)
    while clock.now + timedelta(minutes=20) < until:
        clock.now += timedelta(minutes=20)
        assert locked.get("/payments").status_code == 200
    clock.now = until
    assert locked.get("/payments").status_code == 401


def test_the_store_never_sees_what_the_cookie_holds(
    locked: FlaskClient, store: MemoryStore
) -> None:
    locked.get(f"/enter?key={KEY}")
    cookie = locked.get_cookie("desk")
    assert cookie is not None
    assert cookie.value not in repr(vars(store))


def test_the_cookie_is_for_the_server_alone(locked: FlaskClient) -> None:
    header = locked.get(f"/enter?key={KEY}").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header
    assert "Expires" not in header
    assert "Domain" not in header


def test_over_https_the_cookie_has_the_prefix_that_browsers_hold_to(api: ScriptedApi) -> None:
    options = Options(stack="shop", secure=True, clock=lambda: NOW)
    client = create_app(api, LocalAccess("aida", KEY), options).test_client()
    answer = client.get(f"/enter?key={KEY}", base_url="https://localhost")
    assert answer.headers["Set-Cookie"].startswith("__Host-desk=")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def forms(browser: Browser) -> list[Callable[[], int]]:
    def posting(path: str, **form: str) -> Callable[[], int]:
        return lambda: browser.post(path, **form).status_code

    return [
        posting(f"{ONE}/check"),
        posting(f"{ONE}/resend"),
        posting("/cases/C0000000000000000001/resolve", note="x"),
    ]


@pytest.mark.parametrize("place", range(3))
def test_a_form_without_the_sessions_token_is_refused(
    api: ScriptedApi, browser: Browser, place: int
) -> None:
    api.payments, api.open_cases = [a_payment(1)], [a_case(1)]
    assert forms(browser)[place]() == 400
    browser.get(ONE)
    for forged in ("", "x", "я", browser.token[:-1]):
        browser.token = forged
        assert forms(browser)[place]() == 400
    assert not api.requested
    assert api.calls["resolve_case"] == 0


def test_a_token_of_another_session_is_refused(api: ScriptedApi, browser: Browser) -> None:
    api.payments = [a_payment(1)]
    browser.get(ONE)
    browser.client.delete_cookie("desk")
    assert browser.post(f"{ONE}/check").status_code == 400
    assert not api.requested


@pytest.mark.parametrize(("site", "status"), [("cross-site", 400), ("same-site", 400),
                                              ("same-origin", 302), ("none", 302)])  # fmt: skip
def test_a_form_of_another_site_is_refused_even_with_the_token(
    api: ScriptedApi, browser: Browser, site: str, status: int
) -> None:
    api.payments = [a_payment(1)]
    browser.get(ONE)
    answer = browser.client.post(
        f"{ONE}/check", data={"csrf_token": browser.token}, headers={"Sec-Fetch-Site": site}
    )
    assert answer.status_code == status


def test_a_viewer_reads_everything_and_can_do_nothing(api: ScriptedApi) -> None:
    api.payments, api.open_cases = [a_payment(1)], [a_case(1)]
    app = create_app(api, Viewing("bek", None), Options(stack="shop", clock=lambda: NOW))
    client = app.test_client()
    client.set_cookie("desk-language", "en")
    browser = Browser(client)
    for path in ("/", "/payments", ONE, "/cases", "/reports/2026-11-24"):
        text = browser.get(path).text
        assert "may look, not act" in text
        assert f'action="{ONE}' not in text
        assert "/resolve" not in text
    with client.session_transaction() as kept:
        kept["csrf_token"] = browser.token = "known"
    for post in forms(browser):
        assert post() == 403
    assert not api.requested
    assert api.calls["resolve_case"] == api.calls["check"] == api.calls["resend"] == 0


@pytest.mark.parametrize("group", ["", "Operators", "administrators", VIEWERS])
def test_only_operators_may_act(group: str) -> None:
    assert Person("x", OPERATORS).may_act
    assert not Person("x", group).may_act


PATHS = ["/", "/payments", ONE, "/cases", "/reports/2026-11-24", "/nothing", "/enter?key=x"]


@pytest.mark.parametrize("path", PATHS)
def test_no_page_is_kept_framed_or_run_with_foreign_code(
    api: ScriptedApi, browser: Browser, path: str
) -> None:
    api.payments = [a_payment(1)]
    answer = browser.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert not re.search(r"<[^>]+\son\w+=", answer.text)


def test_style_and_icon_may_be_kept(browser: Browser) -> None:
    assert browser.get("/static/desk.css").headers["Cache-Control"] != "no-store"


def test_a_desk_on_this_machine_answers_to_its_own_name_only(locked: FlaskClient) -> None:
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1"):
        answer = locked.get(f"/enter?key={KEY}", headers={"Host": host})
        assert answer.status_code == 400, host
        assert "Set-Cookie" not in answer.headers


def test_the_language_is_chosen_by_button_else_by_the_browser(browser: Browser) -> None:
    browser.client.delete_cookie("desk-language")
    for accepted, code in (("ky,ru;q=0.5", "ky"), ("en-US", "en"), ("de", "ru")):
        text = browser.get("/payments", headers={"Accept-Language": accepted}).text
        assert f'<html lang="{code}">' in text
    assert '<html lang="ky">' in browser.post("/language", language="ky", back="/cases").text
    assert '<html lang="ky">' in browser.get("/payments").text


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [("/cases?state=resolved", "/cases?state=resolved"), ("//evil.example/", "/"),
     ("/\\evil.example", "/"), ("https://evil.example/", "/"), ("", "/"), ("/a\r\nX: y", "/"),
     ("javascript:x", "/")],
)  # fmt: skip
def test_the_way_back_is_never_off_the_desk(browser: Browser, back: str, leads_to: str) -> None:
    browser.get("/cases")
    form = {"csrf_token": browser.token, "language": "ru", "back": back}
    assert browser.client.post("/language", data=form).location == leads_to


def test_a_language_that_there_is_not_is_not_kept(browser: Browser) -> None:
    browser.get("/cases")
    form = {"csrf_token": browser.token, "language": "xx", "back": "/cases"}
    assert "desk-language=xx" not in browser.client.post("/language", data=form).headers.get(
        "Set-Cookie", ""
    )


def test_a_form_is_as_large_as_a_note_and_no_larger(api: ScriptedApi, browser: Browser) -> None:
    api.open_cases = [a_case(1)]
    browser.get("/cases")
    answer = browser.post("/cases/C0000000000000000001/resolve", note="x" * 20_000)
    assert answer.status_code in {400, 413}
    assert api.calls["resolve_case"] == 0


def test_whoever_is_not_in_leaves_nothing_in_the_store(
    locked: FlaskClient, store: MemoryStore
) -> None:
    for path in ("/", "/payments", "/nothing", "/enter?key=x", "/static/desk.css"):
        assert "Set-Cookie" not in locked.get(path).headers
    locked.post("/language", data={"language": "ky"})
    assert vars(store)["_kept"] == {}


def test_the_store_of_one_process_does_not_grow_for_ever() -> None:
    store = MemoryStore(most=2)
    for number in range(5):
        store.save(str(number), "{}", number)
    assert [store.load(str(number)) for number in range(5)] == [None, None, None, "{}", "{}"]


def test_health_says_nothing_about_the_stack(browser: Browser) -> None:
    assert browser.get("/health").text == "ok"
