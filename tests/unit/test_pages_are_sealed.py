"""Headers, size and errors of the customer's pages: nothing leaks, nothing comes from outside."""

import base64
import hashlib
import re

import pytest

from payments.aws.api_gateway import Response
from payments.domain.errors import NotConfigured, PaymentsError, QueueUnavailable, StoreUnavailable
from payments.pages.responses import HEADERS, error_page
from payments.pages.texts import LANGUAGES, TEXTS
from tests.browser.world import (
    SHOP,
    STATES,
    TOKEN,
    PagesWorld,
    event_of,
    in_state,
)

SIGNED = ("/pay/{id}", "/return/{id}", "/return/{id}/status")


@pytest.fixture
def world() -> PagesWorld:
    return PagesWorld()


def sources(body: str, tag: str) -> set[str]:
    """What a policy must name for the inline elements of a page."""
    found = re.findall(rf"<{tag}>(.*?)</{tag}>", body, re.S)
    return {
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in found
    }


def every_answer(world: PagesWorld) -> list[Response]:
    answers = [
        world.open("/elsom/{token}", TOKEN),
        world.open("/elsom/{token}", "wrong"),
        world.open("/return/{id}", query={}),
        error_page(StoreUnavailable("down"), SHOP),
        error_page(PaymentsError(), None),
    ]
    for state in STATES:
        for language in LANGUAGES:
            world.show(in_state(state, language))
            answers += [world.open(resource) for resource in SIGNED]
    return answers


def test_no_answer_lacks_a_security_header(world: PagesWorld) -> None:
    for answer in every_answer(world):
        headers = answer["headers"]
        assert HEADERS.items() <= headers.items()
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "http" not in headers["Content-Security-Policy"]
        assert sources(answer["body"], "style") <= {policy["style-src"]}
        assert sources(answer["body"], "script") <= {policy["script-src"]}
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_page_is_whole_in_itself_and_under_15_kilobytes(world: PagesWorld) -> None:
    for answer in every_answer(world):
        assert len(answer["body"].encode()) < 15_000
        assert not re.search(r"\s(style|on\w+|src|srcset)=", answer["body"])
        assert not re.search(r"@import|url\(", answer["body"])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreUnavailable("DynamoDB: Throttling"), 503),
        (NotConfigured("pageSigningKeys of the secret is empty"), 503),
        (QueueUnavailable("down"), 503),
        (PaymentsError("some detail"), 500),
    ],
)
def test_an_error_is_a_page_in_three_languages_without_a_word_about_us(
    error: PaymentsError, status: int
) -> None:
    answer = error_page(error, SHOP)
    assert answer["statusCode"] == status
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert str(error) not in answer["body"]
    for language in LANGUAGES:
        assert TEXTS[language].do_not_pay_again in answer["body"]
        assert TEXTS[language].check_again in answer["body"]


def test_a_store_that_is_down_is_a_page_that_can_be_tried_again(
    world: PagesWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.show(in_state("waiting"))
    monkeypatch.setattr(world.store.payments, "get", _down)
    answer = world.open("/return/{id}")
    assert answer["statusCode"] == 503
    assert answer["headers"]["Retry-After"] == "60"


def _down(_payment_id: str) -> None:
    raise StoreUnavailable("DynamoDB: InternalServerError")


def test_an_address_that_is_not_ours_is_not_found(world: PagesWorld) -> None:
    event = event_of("/return/{id}", None, None)
    assert world.answer(event)["statusCode"] == 404
