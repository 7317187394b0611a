"""The pages' HTML. Every value goes through `escape`; style and script never vary."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final, NamedTuple

from payments.domain.payment import Payment
from payments.pages.state import SETTLED, UNDECIDED, State, shown_status, state_of
from payments.pages.texts import LANGUAGES, TEXTS, Language, Notice, Words, money

_HERE: Final = Path(__file__).parent
STYLE: Final = (_HERE / "style.css").read_text("utf-8")
SCRIPT: Final = (_HERE / "script.js").read_text("utf-8")
# Seconds between the reloads of a page without a script: two minutes in all.
TURNS: Final = (5, 10, 20, 30, 60)

_TICK: Final = '<path d="M5 12.5l4.5 4.5L19 7.5"/>'
_CLOCK: Final = '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.5l3.5 2"/>'
_CROSS: Final = '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>'
_QUESTION_MARK: Final = '<path d="M8.5 9a3.5 3.5 0 117 0c0 2.5-3.5 2.7-3.5 5M12 18v.01"/>'
_MARKS: Final = {
    State.WAITING: '<path class="turn" d="M12 3a9 9 0 109 9"/>',
    State.UNKNOWN: _QUESTION_MARK,
    State.PAID: _TICK,
    State.LATE: _TICK,
    State.EXPIRED: _CLOCK,
    State.UNRESOLVED: _QUESTION_MARK,
    State.CANCELLED: _CROSS,
    State.FAILED: _CROSS,
    State.UNSENT: _CROSS,
}
_BACK: Final = '<path d="M20 12H5M11 5.5L4.5 12l6.5 6.5"/>'


class PageUrls(NamedTuple):
    """The page's links: to itself, on to Elsom, back to the shop. None: there is no such link."""

    here: str
    elsom: str | None
    shop: str | None


def result_page(payment: Payment, urls: PageUrls, turn: int) -> str:
    """The page with a payment's state. `turn`: how often it has reloaded without a script."""
    state = state_of(payment)
    language = TEXTS[payment.language]
    words = language.states[state]
    settled = "yes" if state in SETTLED else "no"
    attributes = f'class="{state}" data-status="{shown_status(payment)}" data-settled="{settled}"'
    main = (
        f'{_mark(_MARKS[state])}<h1 tabindex="-1">{words.title}</h1>'
        f'<p class="says">{words.says}</p>{_facts(payment, language)}'
        f"{_warning(state, language)}{_steps(state, words, language, urls, turn)}"
    )
    title = f"{words.title} · {escape(payment.order_id)}"
    if state in SETTLED:
        return _document(payment.language, title, "", attributes, main, "")
    head, script = _load_again(urls.here, turn), f"<script>{SCRIPT}</script>"
    return _document(payment.language, title, head, attributes, main, script)


def notice_page(
    notice: Notice, shop: str | None, *, retry: bool = False, first: str = LANGUAGES[0]
) -> str:
    """A page that is not about one payment, in all three languages, `first` first.

    `retry` adds a link to the same page.
    """
    ordered = sorted(LANGUAGES, key=lambda code: code != first)
    headings = ("h1", "h2", "h2")
    sections = "".join(
        _section(code, heading, notice, shop, retry)
        for code, heading in zip(ordered, headings, strict=True)
    )
    main = f"{_mark(_BACK if notice is Notice.CAME_BACK else _QUESTION_MARK)}{sections}"
    title = " · ".join(TEXTS[code].notices[notice].title for code in ordered)
    return _document(ordered[0], title, "", 'class="notice"', main, "")


def _load_again(here: str, turn: int) -> str:
    """The element that reloads the page where no script runs; none after the last turn."""
    if turn >= len(TURNS):
        return ""
    content = escape(f"{TURNS[turn]};url={here}&n={turn + 1}")
    return f'<noscript><meta http-equiv="refresh" content="{content}"></noscript>'


def _facts(payment: Payment, language: Language) -> str:
    amount = f'<dt>{language.amount}</dt><dd class="sum">{money(payment.amount, language)}</dd>'
    order = f"<dt>{language.order}</dt><dd>{escape(payment.order_id)}</dd>"
    return f"<dl><div>{amount}</div><div>{order}</div></dl>"


def _steps(state: State, words: Words, language: Language, urls: PageUrls, turn: int) -> str:
    """The next step, and the links."""
    if state not in UNDECIDED:
        step = words.step or ("" if urls.shop else language.may_close)
        return _step(step) + _button(urls.shop, language.back)
    stopped = turn >= len(TURNS)
    waiting = f'<div data-when="asking"{_hidden(stopped)}>{_step(words.step)}</div>'
    checked = (
        f'<div data-when="stopped"{_hidden(not stopped)}>{_step(language.no_answer_yet)}'
        f"{_button(urls.here, language.check_again)}</div>"
    )
    more = "".join(
        f'<p class="more"><a href="{escape(url)}">{text}</a></p>'
        for url, text in ((urls.elsom, language.not_paid_yet), (urls.shop, language.back))
        if url
    )
    return waiting + checked + more


def _warning(state: State, language: Language) -> str:
    if state is State.LATE:
        return _warn(language.paid_do_not_pay, language.shop_decides)
    if state is State.UNRESOLVED:
        return _warn(language.paid_do_not_pay, language.keep_checking)
    if state in SETTLED:
        return ""
    return _warn(language.do_not_pay_again, "" if state in UNDECIDED else language.keep_checking)


def _section(code: str, heading: str, notice: Notice, shop: str | None, retry: bool) -> str:
    language = TEXTS[code]
    words = language.notices[notice]
    button = _button("", language.check_again) if retry else _button(shop, language.back)
    return (
        f'<section lang="{code}"><{heading}>{words.title}</{heading}>'
        f'<p class="says">{words.says}</p>'
        f"{_warn(language.do_not_pay_again, '')}"
        f"{_step(words.step)}{button}</section>"
    )


def _document(language: str, title: str, head: str, attributes: str, main: str, script: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="data:,"><style>{STYLE}</style>{head}</head>'
        f'<body {attributes}><main aria-live="polite">{main}</main>{script}</body></html>'
    )


def _mark(paths: str) -> str:
    return f'<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">{paths}</svg>'


def _warn(strong: str, more: str) -> str:
    return f'<p class="warn"><strong>{strong}</strong> {more}</p>'


def _step(text: str) -> str:
    return f'<p class="step">{text}</p>' if text else ""


def _button(url: str | None, text: str) -> str:
    return f'<a class="button" href="{escape(url)}">{text}</a>' if url is not None else ""


def _hidden(hidden: bool) -> str:
    return " hidden" if hidden else ""
