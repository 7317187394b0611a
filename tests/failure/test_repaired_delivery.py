"""What a resend, a lost stream record, a stranger's text and a restore must not do."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from payments import publish_wiring, shop_wiring, wiring
from payments.links import sign
from payments.moments import DAY, MINUTE, now_ms
from payments.republish import Republished, Republishing, republish
from payments.store.archive import ArchiveTable
from tests.failure.conftest import NewHouse
from tests.failure.house import PAGE_KEY, House
from tests.failure.line import Killed
from tests.failure.test_states import kinds
from tests.receiver import Receiver
from tools.elsom.screen import table

pytestmark = pytest.mark.needs("java", "npm")

RESEND = "/payments/{id}/resend"
ESCAPES = "A\x1b]0;PWNED\x07\x1b[2J\x9b1m\u202e"
ACTING = ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e")
WALLET, ALIKE = "0556109910", "0556209910"


def paid_while_the_shop_is_down(house: House, shop: Receiver) -> str:
    shop.answers = [503] * 1_000
    trn = house.started()
    house.elsom_says(trn, "A")
    house.notify(trn)
    house.live(600)
    return trn


def taken(shop: Receiver, trn: str, kind: str = "payment.paid") -> int:
    """How often the shop has taken an event in."""
    found = [one for one in shop.about(trn) if one.event["type"] == kind]
    return sum(one.answered == 200 for one in found)


def test_f31_a_resend_that_fails_half_way_leaves_the_pending_retry(
    new_house: NewHouse, shop: Receiver
) -> None:
    with new_house(SHOP_WEBHOOK_URL=shop.url) as house:
        trn = paid_while_the_shop_is_down(house, shop)

        def die() -> None:
            raise Killed

        house.line.when("dynamodb:UpdateItem", die)
        with pytest.raises(Killed):
            house.shop("POST", RESEND, trn)
        house.line.down = {"events"}
        refused = house.shop("POST", RESEND, trn)
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        house.line.down = set()
        shop.answers.clear()
        house.live(3 * 3600)
        assert taken(shop, trn) == 1
        assert not [item for item in house.scan() if "dueAt" in item]


def test_f31_a_resent_event_is_delivered_again_whatever_became_of_it_before(
    new_house: NewHouse, shop: Receiver
) -> None:
    with new_house(SHOP_WEBHOOK_URL=shop.url) as house:
        trn = paid_while_the_shop_is_down(house, shop)
        shop.answers.clear()
        house.live(3 * 3600)
        for times in (1, 2, 3):
            assert taken(shop, trn) == times
            assert house.shop("POST", RESEND, trn).status == 202
            house.work()


def lose_the_stream(house: House) -> None:
    house.stream.waiting()
    house.stream.done()


def published_again(first: int, last: int) -> Republished:
    deps = Republishing(
        archive=ArchiveTable(wiring.table()),
        payments=wiring.payments(),
        cases=shop_wiring.cases(),
        deliveries=shop_wiring.deliveries(),
        bus=publish_wiring.bus(),
        lookback=12 * DAY,
        report_unknown=True,
    )
    return republish(first, last, deps)


def test_f35_a_disagreement_that_the_stream_lost_is_found_again(house: House) -> None:
    trn = house.started()
    house.elsom_says(trn, "A")
    house.notify(trn)
    house.live(3600)
    house.elsom_says(trn, "4")
    house.notify(trn, "4")
    began = now_ms()
    house.work_checks()
    lose_the_stream(house)
    assert kinds(house) == []
    assert published_again(began - MINUTE, began + MINUTE).cases == 1
    assert kinds(house) == ["disagreement"]
    house.publish()
    assert house.told(trn)[-1] == "case.opened"
    listed = house.shop_query("/cases", state="open").body["items"]
    assert [case["paymentId"] for case in listed] == [trn]


def texts(value: Any) -> Iterator[str]:
    """Every text in it, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def test_f39_what_a_stranger_writes_does_not_act_on_the_operators_screen(house: House) -> None:
    trn = house.started()
    house.notify(trn, ESCAPES, Message=ESCAPES, PSPTTrnID=ESCAPES)
    house.live(60)
    out = io.StringIO()
    rows = [(one["at"], one["what"], str(list(one.values()))) for one in house.timeline(trn)]
    console = Console(file=out, force_terminal=True, width=200)
    console.print(table(trn, ("at", "what", "details"), rows))
    console.print(table(trn, ("claimed",), [(ESCAPES,)]))
    kept = " ".join(texts(house.scan()))
    for seen in (out.getvalue(), kept):
        assert "PWNED" in seen, "it is evidence, shown and kept as text"
    assert [one for one in ACTING if one in out.getvalue() + kept + house.written()] == []


def test_f39_the_table_tells_no_wallet_number_and_yet_compares_it(house: House) -> None:
    trn = house.started(customerMsisdn=WALLET)
    house.notify(trn, "1", MSISDN="0556 109 910", Message=f"{WALLET[:4]}-10-99-10")
    kept = json.dumps(house.scan())
    assert "109910" not in kept
    assert "109 910" not in kept
    assert "10-99-10" not in kept
    assert house.start(customerMsisdn=WALLET).status == 200
    assert house.start(customerMsisdn=ALIKE).status == 422
    digest = house.payment(trn).wallet_digest
    assert digest is not None
    assert digest.startswith(sign("key-name", "", PAGE_KEY)[:6])
    assert PAGE_KEY not in kept


def test_f40_after_a_restore_no_event_id_is_used_for_another_event(house: House) -> None:
    trn = house.started()
    house.work()
    before = house.scan()
    house.elsom_says(trn, "2")
    house.live(120)
    assert house.payment(trn).status == "expired"
    for item in house.scan():
        house.stream.remove(item["pk"]["S"], item["sk"]["S"])
    house.stream.put(before)
    lose_the_stream(house)
    house.elsom_says(trn, "A")
    house.live(60)
    assert house.payment(trn).status == "paid"
    told = {(one["id"], one["type"]) for one in house.events()}
    assert {kind for _, kind in told} == {"payment.pending", "payment.expired", "payment.paid"}
    assert len({identifier for identifier, _ in told}) == 3
    sequences = {one["type"]: one["sequence"] for one in house.events()}
    assert sequences["payment.paid"] > sequences["payment.expired"] > sequences["payment.pending"]
