"""Where the customer's addresses lead, who may see them, and how often Elsom is asked."""

import json
import re
from html import escape
from urllib.parse import parse_qs, urlsplit

import pytest

from payments.aws.api_gateway import Response
from payments.domain.clock import HOUR
from payments.domain.errors import NotConfigured, PaymentsError, StoreUnavailable
from payments.domain.payment import Status
from payments.domain.signed_urls import sign
from payments.pages.destinations import Places, back_to_shop
from payments.pages.texts import LANGUAGES, TEXTS, Notice
from tests.browser.world import (
    KEY,
    SHOP,
    STATES,
    TOKEN,
    PagesWorld,
    event_of,
    in_state,
    signature,
)
from tests.fakes.elsom import CANCELLED, ERROR, IN_PROGRESS, NO_RESPONSE, PAID, PAY_PAGE, TIMED_OUT
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment

RESULT = f"http://pages.example/_aws/execute-api/api/v1/return/{PAYMENT_ID}?s={signature()}"
SIGNED = ("/pay/{id}", "/return/{id}", "/return/{id}/status")


@pytest.fixture
def world() -> PagesWorld:
    return PagesWorld()


def location(answer: Response) -> str:
    assert answer["statusCode"] == 302
    return str(answer["headers"]["Location"])


# ---- on to Elsom ----


def test_an_open_payment_goes_to_elsom_with_a_cookie_that_only_the_browser_reads(
    world: PagesWorld,
) -> None:
    world.show(in_state("waiting"))
    answer = world.open("/pay/{id}")
    assert location(answer) == PAY_PAGE
    pair, *attributes = answer["headers"]["Set-Cookie"].split("; ")
    assert pair == f"elsom_payment={PAYMENT_ID}.{signature()}"
    assert set(attributes) == {"Path=/", "Max-Age=86400", "Secure", "HttpOnly", "SameSite=Lax"}
    assert world.elsom.queries == []


@pytest.mark.parametrize("state", [state for state in STATES if state != "waiting"])
def test_what_can_no_longer_be_paid_goes_to_its_result(world: PagesWorld, state: str) -> None:
    world.show(in_state(state))
    answer = world.open("/pay/{id}")
    assert location(answer) == RESULT
    assert "Set-Cookie" not in answer["headers"]


def test_a_payment_past_its_time_goes_to_its_result(world: PagesWorld) -> None:
    world.show(in_state("waiting"))
    world.clock.advance(HOUR)
    assert location(world.open("/pay/{id}")) == RESULT
    assert "/pay/" not in world.open("/return/{id}")["body"]


@pytest.mark.parametrize(
    "url", ["http://elsom.example/p", "javascript:alert(1)", "//evil.example", "https://a b", "x"]
)
def test_a_browser_is_never_sent_to_a_page_that_is_not_https(world: PagesWorld, url: str) -> None:
    world.show(in_state("waiting", elsom_url=url))
    assert location(world.open("/pay/{id}")) == RESULT


def test_plain_http_is_for_the_sandbox_only() -> None:
    url = "http://127.0.0.1:8090/merchant-payment/1"
    world = PagesWorld(Places(plain_http=True))
    world.show(in_state("waiting", elsom_url=url))
    assert location(world.open("/pay/{id}")) == url


# ---- back from Elsom ----


def test_with_its_cookie_the_browser_comes_back_to_the_result(world: PagesWorld) -> None:
    world.show(in_state("waiting"))
    cookie = world.open("/pay/{id}")["headers"]["Set-Cookie"].split("; ")[0]
    answer = world.open("/elsom/{token}", TOKEN, cookie=f"other=1; {cookie}")
    assert location(answer) == RESULT


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "elsom_payment=",
        "elsom_payment=.",
        f"elsom_payment={PAYMENT_ID}",
        f"elsom_payment={PAYMENT_ID}.{'A' * 22}",
        f"elsom_payment={UNKNOWN_ID}.{signature()}",
        "elsom_payment=%00.\udcff",
    ],
)
def test_without_a_true_cookie_the_shop_is_named_in_three_languages(
    world: PagesWorld, cookie: str
) -> None:
    world.show(in_state("waiting"))
    answer = world.open("/elsom/{token}", TOKEN, cookie=cookie)
    assert answer["statusCode"] == 200
    for language in LANGUAGES:
        assert f'<section lang="{language}">' in answer["body"]
        assert TEXTS[language].do_not_pay_again in answer["body"]
        assert TEXTS[language].notices[Notice.CAME_BACK].says in answer["body"]
    assert answer["body"].count(f'href="{SHOP}"') == 3
    assert PAYMENT_ID not in answer["body"]


@pytest.mark.parametrize(
    ("accepted", "order"),
    [
        ("", ["ky", "ru", "en"]),
        ("ru-RU,ru;q=0.9,en-US;q=0.8", ["ru", "ky", "en"]),
        ("de, en;q=0.5", ["en", "ky", "ru"]),
        ("*", ["ky", "ru", "en"]),
    ],
)
def test_the_browsers_own_language_comes_first(
    world: PagesWorld, accepted: str, order: list[str]
) -> None:
    event = event_of("/elsom/{token}", {"token": TOKEN}, accept_language=accepted)
    body = world.answer(event)["body"]
    assert re.findall(r'<section lang="(\w+)">', body) == order
    assert f'<html lang="{order[0]}">' in body
    assert body.count("<h1") == 1


def test_without_a_shop_address_the_page_still_says_what_to_do() -> None:
    body = PagesWorld(Places()).open("/elsom/{token}", TOKEN)["body"]
    assert TEXTS["ru"].notices[Notice.CAME_BACK].step in body
    assert "<a " not in body


def test_another_token_is_no_page(world: PagesWorld) -> None:
    assert world.open("/elsom/{token}", "guessed")["statusCode"] == 404


# ---- only with its signature ----


@pytest.mark.parametrize("resource", SIGNED)
@pytest.mark.parametrize(
    "query",
    [
        {},
        {"s": ""},
        {"s": signature()[:-1]},
        {"s": signature() + "A"},
        {"s": signature().swapcase()},
        {"s": signature(UNKNOWN_ID)},
        {"s": signature(key="another key")},
        {"s": sign("other", PAYMENT_ID, KEY)},
        {"S": signature()},
        {"s": "подпись"},
    ],
)
def test_a_wrong_signature_looks_like_no_payment_at_all(
    world: PagesWorld, resource: str, query: dict[str, str]
) -> None:
    world.show(in_state("paid"))
    tampered = world.open(resource, PAYMENT_ID, query)
    missing = world.open(resource, UNKNOWN_ID, {"s": "x"})
    signed_but_missing = world.open(resource, UNKNOWN_ID)
    assert tampered["statusCode"] == 404
    assert tampered == missing == signed_but_missing
    assert "A-1001" not in tampered["body"]


def test_one_payments_signature_opens_no_other(world: PagesWorld) -> None:
    world.show(in_state("paid"))
    world.show(a_payment(Status.PAID, id=UNKNOWN_ID))
    assert world.open("/return/{id}", UNKNOWN_ID, {"s": signature()})["statusCode"] == 404
    assert world.open("/return/{id}", UNKNOWN_ID)["statusCode"] == 200


def test_old_keys_still_open_links_and_the_newest_signs_new_ones(world: PagesWorld) -> None:
    world.secret["pageSigningKeys"] = ["newest", KEY]
    world.show(in_state("waiting"))
    assert world.open("/return/{id}")["statusCode"] == 200
    cookie = world.open("/pay/{id}")["headers"]["Set-Cookie"]
    assert cookie.startswith(f"elsom_payment={PAYMENT_ID}.{signature(key='newest')};")


def test_a_key_added_a_moment_ago_opens_links_and_guessing_reads_the_secret_seldom(
    world: PagesWorld,
) -> None:
    world.show(in_state("paid"))
    assert world.open("/return/{id}")["statusCode"] == 200
    world.secret["pageSigningKeys"] = ["added"]
    world.pass_seconds(11)
    query = {"s": signature(key="added")}
    assert world.open("/return/{id}", query=query)["statusCode"] == 200
    reads = world.secret_reads
    for _ in range(50):
        world.open("/return/{id}", query={"s": "guess"})
    assert world.secret_reads == reads


# ---- asking Elsom ----


def test_however_often_its_script_asks_elsom_is_queried_once_in_ten_seconds(
    world: PagesWorld,
) -> None:
    world.show(in_state("waiting"), query=True)
    for _ in range(20):
        world.open("/return/{id}")
        world.open("/return/{id}/status")
    assert len(world.elsom.queries) == 1
    world.pass_seconds(10)
    for _ in range(20):
        world.open("/return/{id}/status")
    assert len(world.elsom.queries) == 2


@pytest.mark.parametrize(
    "state", ["waiting", "unknown", "expired", "unresolved", "cancelled", "failed"]
)
def test_while_elsom_may_change_its_mind_the_page_finds_out_by_itself(
    world: PagesWorld, state: str
) -> None:
    world.show(in_state(state), query=True)
    world.elsom.answers(PAID)
    body = world.open("/return/{id}")["body"]
    late = state not in ("waiting", "unknown")
    assert f'class="{"late" if late else "paid"}"' in body


@pytest.mark.parametrize(
    ("outcome", "state"), [(TIMED_OUT, "expired"), (CANCELLED, "cancelled"), (ERROR, "failed")]
)
def test_an_end_that_elsom_tells_is_shown_at_once(
    world: PagesWorld, outcome: object, state: str
) -> None:
    world.show(in_state("waiting"), query=True)
    world.elsom.answers(outcome)  # type: ignore[arg-type] # pytest's parameters have no type
    assert f'class="{state}"' in world.open("/return/{id}")["body"]


def test_a_payment_that_was_given_up_leads_nowhere_where_it_could_be_paid_again(
    world: PagesWorld,
) -> None:
    world.show(in_state("unresolved", elsom_url="https://elsom.example/pay"))
    reported = json.loads(world.open("/return/{id}/status")["body"])
    shop = f"{SHOP}?paymentId={PAYMENT_ID}&status=unresolved"
    assert reported == {"status": "unresolved", "final": True, "returnUrl": shop}
    assert f'href="{escape(shop)}"' in world.open("/return/{id}")["body"]
    on = world.open("/pay/{id}")
    assert "/return/" in on["headers"]["Location"]
    assert "elsom.example" not in str(on)


def test_a_paid_payment_is_not_asked_about(world: PagesWorld) -> None:
    world.show(in_state("paid"), query=True)
    world.open("/return/{id}")
    assert world.elsom.queries == []


@pytest.mark.parametrize("broken", [None, NotConfigured("no bundle"), StoreUnavailable("down")])
def test_when_elsom_cannot_be_asked_the_stored_state_is_shown(
    world: PagesWorld, broken: PaymentsError | None
) -> None:
    world.show(in_state("waiting"), query=True)
    world.checking_error = broken
    world.elsom.answers(NO_RESPONSE)
    answer = world.open("/return/{id}")
    assert answer["statusCode"] == 200
    assert 'class="waiting"' in answer["body"]


def test_the_status_says_whether_it_is_final_and_where_to_go(world: PagesWorld) -> None:
    world.show(in_state("waiting"), query=True)
    world.elsom.answers(IN_PROGRESS, PAID)
    first = world.open("/return/{id}/status")
    world.pass_seconds(10)
    second = world.open("/return/{id}/status")
    assert first["headers"]["Content-Type"] == "application/json"
    shop = f"{SHOP}?paymentId={PAYMENT_ID}&status="
    assert json.loads(first["body"]) == {
        "status": "pending",
        "final": False,
        "returnUrl": f"{shop}pending",
    }
    assert json.loads(second["body"]) == {
        "status": "paid",
        "final": True,
        "returnUrl": f"{shop}paid",
    }


# ---- back to the shop ----


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://shop.kg", "https://shop.kg?{}"),
        ("https://shop.kg/orders/7", "https://shop.kg/orders/7?{}"),
        ("https://shop.kg/?a=1&b=%D1%8F", "https://shop.kg/?a=1&b=%D1%8F&{}"),
        ("https://SHOP.KG/a#top", "https://SHOP.KG/a?{}#top"),
    ],
)
def test_the_shops_own_query_stays(world: PagesWorld, url: str, wanted: str) -> None:
    ours = f"paymentId={PAYMENT_ID}&status=paid"
    payment = in_state("paid", return_url=url)
    assert back_to_shop(payment, world.places) == wanted.format(ours)


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.kg@evil.kg",
        "https://shop.kg@evil.kg/",
        "https://shop.kg:pass@evil.kg/",
        "//evil.kg",
        "https:evil.kg",
        "https:///evil.kg",
        "https://evil.kg/shop.kg",
        "https://evil.kg?shop.kg",
        "https://evil.kg#shop.kg",
        "https://shop.kg.evil.kg/",
        "https://evilshop.kg/",
        "https://shop.kg%2eevil.kg/",
        "https://shop.kg%40evil.kg/",
        "https%3A%2F%2Fshop.kg",
        "https://shop.kg\\@evil.kg/",
        "https://evil.kg\\.shop.kg/",
        "https://shop.\tkg/",
        "https://shop.kg\t.evil.kg/",
        "https://shop.kg\n.evil.kg/",
        "https://xn--hop-3ed.kg/",
        "https://ѕhop.kg/",
        "https://shop。kg/",
        "https://shop.kg./",
        "https://shop.kg:8443/",
        "http://shop.kg/",
        "javascript://shop.kg/%0aalert(1)",
        "data:text/html,shop.kg",
        "HTTPS://evil.kg/",
        "https://[::1]/",
        " https://shop.kg/",
    ],
)
def test_a_return_url_that_would_lead_elsewhere_leads_to_the_shops_own_page(
    world: PagesWorld, url: str
) -> None:
    world.show(in_state("paid", return_url=url))
    body = world.open("/return/{id}")["body"]
    assert re.findall(r'href="([^"?]*)', body) == ["data:,", SHOP]
    assert "evil" not in body


def test_a_host_that_is_no_longer_allowed_is_not_used(world: PagesWorld) -> None:
    payment = in_state("paid", return_url="https://shop.kg/thanks")
    assert str(back_to_shop(payment, world.places)).startswith("https://shop.kg/thanks?")
    assert str(back_to_shop(payment, Places(shop_url=SHOP))).startswith(f"{SHOP}?")
    assert back_to_shop(payment, Places()) is None


def test_addresses_carry_the_id_the_status_and_the_signature_and_nothing_else(
    world: PagesWorld,
) -> None:
    world.show(in_state("waiting", customer_msisdn="0556***910", return_url="https://shop.kg/"))
    body = world.open("/return/{id}")["body"]
    found = re.findall(r'(?:href|url)="?=?([^"]*\?[^"]*)"', body)
    assert found
    for url in found:
        assert set(parse_qs(urlsplit(url).query.replace("&amp;", "&"))) <= {
            "s",
            "n",
            "paymentId",
            "status",
        }
