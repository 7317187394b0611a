"""The demo shop has a word for everything, in each language."""

from pathlib import Path

import msgspec
import pytest
from flask import render_template

from demo_shop import texts
from demo_shop.app import create_app
from demo_shop.shop import GOODS, Order, Shop
from demo_shop.stack import Stack
from demo_shop.texts import TEXTS
from elsom_payments_client import Payment
from payments.domain.payment import Reason, Status
from payments.domain.views import view_payment
from payments.pages.texts import LANGUAGES
from tests.fakes.elsom import PAY_PAGE
from tests.fakes.payments import a_payment


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_and_every_word_is_there(language: str) -> None:
    assert TEXTS[language].keys() == TEXTS["en"].keys()
    named = {"unresolved"} | {
        "failed_status" if status is Status.FAILED else str(status) for status in Status
    }
    assert named <= TEXTS[language].keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_payment_that_was_given_up_is_not_said_to_have_timed_out(
    language: str, tmp_path: Path
) -> None:
    stored = a_payment(Status.EXPIRED, status_reason=Reason.UNRESOLVED, elsom_url=PAY_PAGE)
    view = view_payment(stored, "https://pay.example", "key")
    given_up = Payment.from_json(msgspec.to_builtins(view))
    assert given_up.checkout_url
    order = Order("1", GOODS["honey"], language, given_up)
    shown = {"order": order, "payment": given_up, "timeline": [], "hint": ""}
    words = {"texts": texts, "words": TEXTS[language], "language": language}
    with create_app(Shop(Stack(tmp_path))).app_context():
        page = render_template("live.html", **shown, **words)
    assert TEXTS[language]["unresolved"] in page
    assert TEXTS[language]["expired"] not in page
    assert "<a " not in page
