"""What the result page says in each state and language, and that it says nothing else."""

import re
from pathlib import Path

import pytest

from payments.domain.payment import Payment, Reason, Status
from payments.pages.html import TURNS, PageUrls, result_page
from payments.pages.state import SETTLED, UNDECIDED, State, state_of
from payments.pages.texts import LANGUAGES, TEXTS, Notice, money
from tests.browser.world import STATES, PagesWorld, in_state, signature
from tests.fakes.payments import a_payment

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
NO_URLS = PageUrls(here="?s=x", elsom=None, shop=None)
PAGE_LINKS = PageUrls(
    here="?s=x", elsom="https://ours.example/pay", shop="https://shop.example/?a=1&b=2"
)
EVERY_PAGE = [(state, language) for state in STATES for language in LANGUAGES]


def visible(page: str) -> str:
    """What a person reads: no style, no script, no tags, nothing hidden."""
    page = re.sub(r"<(style|script|noscript)>.*?</\1>", " ", page, flags=re.S)
    page = re.sub(r'<div data-when="\w+" hidden>.*?</div>', " ", page, flags=re.S)
    return re.sub(r"<[^>]+>", " ", page)


def test_every_state_is_tried_here() -> None:
    assert set(STATES) == set(State)


def test_every_state_has_its_row_in_the_glossary() -> None:
    _, table = GLOSSARY.read_text().split("## What a page says about a payment")
    rows = re.findall(r"^\| ([a-z, ]+) \|", table.split("\n## ")[0], re.M)
    assert {name for row in rows for name in row.split(", ")} - {"page"} == set(State)


@pytest.mark.parametrize(("state", "language"), EVERY_PAGE)
def test_every_state_names_itself_the_sum_and_the_order(state: str, language: str) -> None:
    page = result_page(in_state(state, language), PAGE_LINKS, 0)
    words = TEXTS[language].states[State(state)]
    text = visible(page)
    assert f'<html lang="{language}">' in page
    assert page.count("<h1") == 1
    assert words.title in text
    assert words.says in text
    assert money(150_000, TEXTS[language]) in text
    assert "A-1001" in text


@pytest.mark.parametrize(("state", "language"), EVERY_PAGE)
def test_who_may_have_paid_is_told_not_to_pay_again(state: str, language: str) -> None:
    text = visible(result_page(in_state(state, language), PAGE_LINKS, 0))
    for_certain = state in ("late", "unresolved")
    perhaps = State(state) not in SETTLED and not for_certain
    assert (TEXTS[language].do_not_pay_again in text) == perhaps
    assert (TEXTS[language].paid_do_not_pay in text) == for_certain


INVITES = {
    "ky": ("кайрадан", "баштаңыз", "мөөнөтү бүттү", "төлөй элек"),
    "ru": ("заново", "начните", "время", "ещё не оплатили"),
    "en": ("start", "time to pay", "not paid yet"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_payment_that_was_given_up_invites_nobody_to_pay_again(language: str) -> None:
    payment = in_state("unresolved", language, elsom_url="https://elsom.example/pay")
    page = result_page(payment, PAGE_LINKS, 0)
    assert 'data-status="unresolved"' in page
    text = visible(page).lower()
    assert not [words for words in INVITES[language] if words in text]
    urls = re.findall(r'<a [^>]*href="([^"]+)">', page)
    assert urls == ["https://shop.example/?a=1&amp;b=2"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_start_without_an_outcome_tells_of_no_payment_that_the_customer_never_saw(
    language: str,
) -> None:
    words = TEXTS[language].states[State.UNKNOWN]
    text = visible(result_page(in_state("unknown", language), NO_URLS, 0))
    assert words.title in text
    assert words.step == TEXTS[language].may_close


@pytest.mark.parametrize("state", STATES)
def test_there_is_one_next_step(state: str) -> None:
    page = result_page(in_state(state), PAGE_LINKS, 0)
    shown = re.sub(r'<div data-when="\w+" hidden>.*?</div>', "", page)
    buttons, steps = shown.count('class="button"'), shown.count('class="step"')
    assert buttons == (0 if State(state) in UNDECIDED else 1)
    assert steps == (0 if state == "paid" else 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_paid_payment_of_a_shop_without_an_address_may_close_the_page(language: str) -> None:
    page = result_page(in_state("paid", language), NO_URLS, 0)
    assert TEXTS[language].may_close in page
    assert "<a " not in page


def test_only_what_is_settled_stops_asking() -> None:
    assert {State.PAID, State.LATE, State.UNSENT} == SETTLED
    for state in STATES:
        page = result_page(in_state(state), PAGE_LINKS, 0)
        settled = State(state) in SETTLED
        assert ("<script>" in page) != settled
        assert ("http-equiv" in page) != settled
        assert f'data-settled="{"yes" if settled else "no"}"' in page


def test_without_a_script_the_page_loads_itself_again_for_two_minutes() -> None:
    assert 100 <= sum(TURNS) <= 140
    for turn, seconds in enumerate(TURNS):
        page = result_page(in_state("waiting"), PAGE_LINKS, turn)
        assert f'content="{seconds};url=?s=x&amp;n={turn + 1}"' in page
    last = result_page(in_state("waiting"), PAGE_LINKS, len(TURNS))
    assert "http-equiv" not in last
    assert TEXTS["ru"].check_again in visible(last)
    assert TEXTS["ru"].states[State.WAITING].step not in visible(last)


@pytest.mark.parametrize("turn", ["-1", "1.5", "٣", "x", "", "99999999999", "<b>"])
def test_a_made_up_turn_is_no_error(turn: str) -> None:
    world = PagesWorld()
    world.show(in_state("waiting"))
    query = {"s": signature(), "n": turn}
    assert world.open("/return/{id}", query=query)["statusCode"] == 200


def test_what_the_shop_wrote_is_text_and_never_markup() -> None:
    payment = in_state("waiting", order_id='"><b>&amp;')
    page = result_page(payment, PAGE_LINKS, 0)
    assert "<b>" not in page
    assert page.count("&quot;&gt;&lt;b&gt;&amp;amp;") == 2
    assert 'href="https://shop.example/?a=1&amp;b=2"' in page


def test_nothing_personal_is_on_the_page() -> None:
    payment = in_state(
        "paid",
        customer_msisdn="0556***910",
        description="Two tickets",
        metadata={"customer": "somebody"},
        cashier_no="0042",
        elsom_transaction_id="PSP-77",
        elsom_error_code="17",
    )
    page = result_page(payment, PAGE_LINKS, 0)
    for hidden in ("0556", "Two tickets", "somebody", "0042", "PSP-77", payment.id):
        assert hidden not in page


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("reason", [None, *Reason])
def test_every_payment_has_a_state(status: Status, reason: Reason | None) -> None:
    payment: Payment = a_payment(status, status_reason=reason)
    assert state_of(payment) in TEXTS["ky"].states


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_missing_in_any_language(language: str) -> None:
    texts = TEXTS[language]
    assert set(texts.states) == set(State)
    assert set(texts.notices) == set(Notice)
    for words in (*texts.states.values(), *texts.notices.values()):
        assert words.title
        assert words.says
    assert all(text for text in texts if isinstance(text, str))
    alphabet = r"[A-Za-z]" if language == "en" else r"[А-Яа-яЁёӨөҮүҢң]"
    assert all(re.search(alphabet, words.title) for words in texts.states.values())


def test_kyrgyz_texts_use_kyrgyz_letters_where_russian_ones_would_be_wrong() -> None:
    text = " ".join(f"{w.title} {w.says} {w.step}" for w in TEXTS["ky"].states.values())
    assert set("өүң") <= set(text.lower())


@pytest.mark.parametrize(
    ("amount", "ky", "en"),
    [
        (1, "0,01", "0.01"),
        (150_000, "1\u00a0500,00", "1,500.00"),
        (99_999_999_999, "999\u00a0999\u00a0999,99", "999,999,999.99"),
        (460, "4,60", "4.60"),
    ],
)
def test_money_is_written_as_people_write_it(amount: int, ky: str, en: str) -> None:
    assert money(amount, TEXTS["ky"]) == f"{ky}\u00a0сом"
    assert money(amount, TEXTS["ru"]) == f"{ky}\u00a0сом"
    assert money(amount, TEXTS["en"]) == f"{en}\u00a0som"
