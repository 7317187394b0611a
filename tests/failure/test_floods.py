"""Floods of notifications: large ones of one payment, and thousands of ids that nobody knows."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from payments.ids import derive_id
from payments.moments import SECOND, now_ms
from payments.store.inbox import UNKNOWN_SORT_KEY, Unknown, _unknown_item
from payments.store.table import to_image
from tests.failure.house import House

pytestmark = pytest.mark.needs("java", "npm")

STATUS = "elsom:PartnerGetPaymentStatus"
UNKNOWN_IDS = 1_000


def item_bytes(house: House, trn: str) -> int:
    (item,) = [one for one in house.scan() if one["pk"]["S"] == trn and one["sk"]["S"] == "payment"]
    return len(json.dumps(item))


def test_twelve_notifications_of_60_kilobytes_do_not_keep_a_payment_from_being_paid(
    house: House,
) -> None:
    trn = house.started()
    small = item_bytes(house, trn)
    for number in range(12):
        assert house.notify(trn, "4", Message=f"{number:02d}" * (30 * 1024)).status == 200
    house.elsom_says(trn, "A")
    assert house.notify(trn).status == 200
    moments = []
    for _ in range(60):
        before = house.questions(trn)
        house.work()
        moments += [now_ms()] * (house.questions(trn) - before)
        house.wait(1)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert moments
    assert all(gap >= 2 * SECOND - 50 for gap in gaps), gaps
    payment = house.payment(trn)
    assert payment.status == "paid"
    assert item_bytes(house, trn) < small + 1024
    kept = [item for item in house.scan() if item["kind"]["S"] == "notification"]
    assert len(kept) == 13
    assert all(len(json.dumps(item)) < 4 * 1024 for item in kept)
    assert house.told(trn) == ["payment.pending", "payment.paid"]


def flood(house: House, number: int) -> list[str]:
    """Unknown ids that wait since long before any payment here, as after a flood of a while ago."""
    ids = [derive_id("flood", str(one)) for one in range(number)]
    since = now_ms() - 600 * SECOND
    waiting = [
        Unknown(id=one, first_seen_at=since, notified_at=since, next_check_at=since) for one in ids
    ]
    house.stream.put([to_image(_unknown_item(one)) for one in waiting])
    return ids


@pytest.mark.parametrize("number", [UNKNOWN_IDS])
def test_unknown_ids_by_the_thousand_do_not_delay_known_payments(house: House, number: int) -> None:
    trns = [house.started(f"order-{one}", orderId=f"A-{one}") for one in range(20)]
    for trn in trns:
        house.elsom_says(trn, "A")
    ids = flood(house, number)
    house.wait(61)
    house.tick()
    known = [one["id"] for one in house.account.queue("checks").bodies() if one["id"] in trns]
    assert sorted(known) == sorted(trns), "all of them in the first turn"
    house.work()
    assert {one.status for one in house.payments()} == {"paid"}
    assert house.asked_about()[: len(trns)] == known, "known payments first"
    for _ in range(30):
        before = house.line.effects.count(STATUS)
        house.wait(1)
        house.work()
        assert house.line.effects.count(STATUS) - before == 1, "one question a second in all"
    assert set(house.asked_about()[len(trns) :]) < set(ids)


def test_a_payment_that_starts_in_a_flood_of_unknown_ids_is_asked_about_at_once(
    house: House,
) -> None:
    flood(house, 300)
    house.tick()
    trn = house.started()
    house.elsom_says(trn, "A")
    assert house.notify(trn).status == 200
    house.work()
    assert house.payment(trn).status == "paid"


def test_ids_that_are_not_ours_in_form_are_kept_and_never_asked_about(
    house: House,
) -> None:
    for number in range(40):
        assert house.notify(f"other-shop-{number}").status == 200
    house.live(600)
    assert [item["kind"]["S"] for item in house.scan()] == ["notification"] * 40
    assert house.account.queue("checks").messages == []
    assert [effect for effect in house.line.effects if effect.startswith("elsom:")] == []
    assert UNKNOWN_SORT_KEY not in {item["sk"]["S"] for item in house.scan()}
