"""The shop's pages. What changes while they are open lies in one part that the script renews."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from demo_shop.shop import GOODS, Order, details
from demo_shop.texts import NAMES, TEXTS, money, payment_word, status_word
from elsom_payments_client import Payment


def front(orders: Iterable[Order], language: str) -> str:
    """The goods, each with its pay button, and the orders so far."""
    words = TEXTS[language]
    goods = "".join(
        f'<li class="good"><h2>{escape(good.name[language])}</h2>'
        f'<p class="price">{money(good.price, language)}</p>'
        f'<form method="post" action="/buy?lang={language}" data-once>'
        f'<input type="hidden" name="key" value="{secrets.token_hex(8)}">'
        f'<input type="hidden" name="good" value="{good.id}">'
        f"<button>{words['buy']}</button></form></li>"
        for good in GOODS.values()
    )
    rows = "".join(
        f'<li><a href="/orders/{order.payment.id}?lang={language}">{order.id}</a> '
        f"{escape(order.good.name[language])}, {payment_word(order.payment, language)}</li>"
        for order in orders
        if order.payment
    )
    listed = f'<h2>{words["orders"]}</h2><ul class="orders">{rows}</ul>' if rows else ""
    main = f'<h1>{words["shop"]}</h1><p>{words["lead"]}</p><ul class="goods">{goods}</ul>{listed}'
    return _document(words["shop"], main, language, "/")


def order_page(
    order: Order, payment: Payment, timeline: list[dict[str, Any]], hint: str, language: str
) -> str:
    """One order: what the URL claims, what a webhook told, what the API says, and how it came."""
    words = TEXTS[language]
    source = f"/orders/{payment.id}/live?{urlencode({'lang': language, 'status': hint})}"
    main = (
        f"<h1>{words['order']} {order.id}</h1>"
        f"<p>{escape(order.good.name[language])}, {money(order.good.price, language)}</p>"
        f'<div id="live" aria-live="polite" data-source="{escape(source)}">'
        f"{live(order, payment, timeline, hint, language)}</div>"
        f'<p class="note">{words["live"]}</p>'
        f'<p><a class="button" href="/?lang={language}">{words["back"]}</a></p>'
    )
    return _document(f"{words['order']} {order.id}", main, language, f"/orders/{payment.id}")


def live(
    order: Order, payment: Payment, timeline: list[dict[str, Any]], hint: str, language: str
) -> str:
    """The part of an order's page that changes."""
    words = TEXTS[language]
    announced = order.announced
    facts = {
        words["hint"]: status_word(hint, language) if hint else words["nothing"],
        words["announced"]: announced.type if announced else words["nothing"],
        words["api"]: payment_word(payment, language),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    pay = (
        f'<p><a class="button" href="{escape(payment.checkout_url)}">{words["pay"]}</a></p>'
        if payment.checkout_url and not payment.is_final
        else ""
    )
    arrived = sorted(order.webhooks.values(), key=lambda one: one.at)
    return (
        f'<dl class="facts {escape(payment.status)}">{rows}</dl>{pay}'
        f"<h2>{words['webhooks']}</h2>"
        + _table(
            words["webhooks"],
            (words["at"], words["event"], words["times"]),
            [(f"{one.at:%H:%M:%S}", one.type, str(one.times)) for one in arrived],
            words["nothing"],
        )
        + f"<h2>{words['timeline']}</h2>"
        + _table(
            words["timeline"],
            (words["at"], words["what"], words["details"]),
            [(entry["at"][11:19], entry["what"], details(entry)) for entry in timeline],
            words["nothing"],
        )
    )


def message(text: str, language: str) -> str:
    """A page with one sentence and the way back."""
    words = TEXTS[language]
    main = (
        f'<h1>{words["shop"]}</h1><p role="alert">{escape(text)}</p>'
        f'<p><a class="button" href="/?lang={language}">{words["back"]}</a></p>'
    )
    return _document(words["shop"], main, language, "/")


def _table(
    name: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], nothing: str
) -> str:
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    if not body:
        return f'<p class="note">{nothing}</p>'
    head = "".join(f'<th scope="col">{column}</th>' for column in columns)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _document(title: str, main: str, language: str, here: str) -> str:
    languages: Mapping[str, str] = NAMES
    urls = "".join(
        f'<a href="{here}?lang={code}" lang="{code}"'
        f"{' aria-current="true"' if code == language else ''}>{name}</a>"
        for code, name in languages.items()
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{title}</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/static/shop.css">'
        '<script src="/static/live.js" defer></script></head>'
        f"<body><header><nav>{urls}</nav></header><main>{main}</main></body></html>"
    )
