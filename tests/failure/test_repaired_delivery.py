"""What a resend, a lost stream record, a stranger's text and a restore must not do."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from cli.screen import table
from payments import bootstrap
from payments.domain.clock import DAY, MINUTE, now_ms
from payments.domain.signed_urls import sign
from payments.use_cases.republish_events import RepublishResult, republish
from tests.failure.conftest import NewStack
from tests.failure.recorder import Killed
from tests.failure.stack import PAGE_KEY, Stack
from tests.failure.test_states import kinds
from tests.receiver import Receiver

pytestmark = pytest.mark.needs("java", "npm")

RESEND = "/payments/{id}/resend"
ESCAPES = "A\x1b]0;PWNED\x07\x1b[2J\x9b1m\u202e"
ACTING = ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e")
WALLET, ALIKE = "0556109910", "0556209910"


def paid_while_the_shop_is_down(stack: Stack, shop: Receiver) -> str:
    shop.answers = [503] * 1_000
    trn = stack.started()
    stack.elsom_says(trn, "A")
    stack.notify(trn)
    stack.live(600)
    return trn


def taken(shop: Receiver, trn: str, kind: str = "payment.paid") -> int:
    """How often the shop has taken an event in."""
    found = [one for one in shop.about(trn) if one.event["type"] == kind]
    return sum(one.answered == 200 for one in found)


def test_f31_a_resend_that_fails_half_way_leaves_the_pending_retry(
    new_stack: NewStack, shop: Receiver
) -> None:
    with new_stack(SHOP_WEBHOOK_URL=shop.url) as stack:
        trn = paid_while_the_shop_is_down(stack, shop)

        def die() -> None:
            raise Killed

        stack.recorder.when("dynamodb:UpdateItem", die)
        with pytest.raises(Killed):
            stack.shop("POST", RESEND, trn)
        stack.recorder.down = {"events"}
        refused = stack.shop("POST", RESEND, trn)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        stack.recorder.down = set()
        shop.answers.clear()
        stack.live(3 * 3600)
        assert taken(shop, trn) == 1
        assert not [item for item in stack.scan() if "dueAt" in item]


def test_f31_a_resent_event_is_delivered_again_whatever_became_of_it_before(
    new_stack: NewStack, shop: Receiver
) -> None:
    with new_stack(SHOP_WEBHOOK_URL=shop.url) as stack:
        trn = paid_while_the_shop_is_down(stack, shop)
        shop.answers.clear()
        stack.live(3 * 3600)
        for times in (1, 2, 3):
            assert taken(shop, trn) == times
            assert stack.shop("POST", RESEND, trn).status == 202
            stack.work()


def lose_the_stream(stack: Stack) -> None:
    stack.stream.waiting()
    stack.stream.done()


def published_again(first: int, last: int) -> RepublishResult:
    return republish(first, last, bootstrap.services().republish_deps(12 * DAY))


def test_f35_a_disagreement_that_the_stream_lost_is_found_again(stack: Stack) -> None:
    trn = stack.started()
    stack.elsom_says(trn, "A")
    stack.notify(trn)
    stack.live(3600)
    stack.elsom_says(trn, "4")
    stack.notify(trn, "4")
    began = now_ms()
    stack.work_checks()
    lose_the_stream(stack)
    assert kinds(stack) == []
    assert published_again(began - MINUTE, began + MINUTE).cases == 1
    assert kinds(stack) == ["disagreement"]
    stack.publish()
    assert stack.reported(trn)[-1] == "case.opened"
    listed = stack.shop_query("/cases", state="open").body["items"]
    assert [case["paymentId"] for case in listed] == [trn]


def texts(value: Any) -> Iterator[str]:
    """Every text in it, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def test_f39_what_a_stranger_writes_does_not_act_on_the_operators_screen(stack: Stack) -> None:
    trn = stack.started()
    stack.notify(trn, ESCAPES, Message=ESCAPES, PSPTTrnID=ESCAPES)
    stack.live(60)
    out = io.StringIO()
    rows = [(one["at"], one["what"], str(list(one.values()))) for one in stack.timeline(trn)]
    console = Console(file=out, force_terminal=True, width=200)
    console.print(table(trn, ("at", "what", "details"), rows))
    console.print(table(trn, ("claimed",), [(ESCAPES,)]))
    kept = " ".join(texts(stack.scan()))
    for seen in (out.getvalue(), kept):
        assert "PWNED" in seen, "it is evidence, shown and kept as text"
    assert [one for one in ACTING if one in out.getvalue() + kept + stack.written()] == []


def test_f39_the_table_tells_no_wallet_number_and_yet_compares_it(stack: Stack) -> None:
    trn = stack.started(customerMsisdn=WALLET)
    stack.notify(trn, "1", MSISDN="0556 109 910", Message=f"{WALLET[:4]}-10-99-10")
    kept = json.dumps(stack.scan())
    assert "109910" not in kept
    assert "109 910" not in kept
    assert "10-99-10" not in kept
    assert stack.start(customerMsisdn=WALLET).status == 200
    assert stack.start(customerMsisdn=ALIKE).status == 422
    digest = stack.payment(trn).wallet_digest
    assert digest is not None
    assert digest.startswith(sign("key-name", "", PAGE_KEY)[:6])
    assert PAGE_KEY not in kept


def test_f40_after_a_restore_no_event_id_is_used_for_another_event(stack: Stack) -> None:
    trn = stack.started()
    stack.work()
    before = stack.scan()
    stack.elsom_says(trn, "2")
    stack.live(120)
    assert stack.payment(trn).status == "expired"
    for item in stack.scan():
        stack.stream.remove(item["pk"]["S"], item["sk"]["S"])
    stack.stream.put(before)
    lose_the_stream(stack)
    stack.elsom_says(trn, "A")
    stack.live(60)
    assert stack.payment(trn).status == "paid"
    reported = {(one["id"], one["type"]) for one in stack.events()}
    assert {kind for _, kind in reported} == {"payment.pending", "payment.expired", "payment.paid"}
    assert len({identifier for identifier, _ in reported}) == 3
    sequences = {one["type"]: one["sequence"] for one in stack.events()}
    assert sequences["payment.paid"] > sequences["payment.expired"] > sequences["payment.pending"]
