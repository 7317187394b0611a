"""Floods of notifications: large ones of one payment, and thousands of ids that nobody knows."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from payments.domain.clock import SECOND, now_ms
from payments.domain.ids import derive_id
from payments.store.inbox import UNKNOWN_SORT_KEY, Unknown, _unknown_item
from payments.store.table import to_image
from tests.failure.stack import Stack

pytestmark = pytest.mark.needs("java", "npm")

STATUS = "elsom:PartnerGetPaymentStatus"
UNKNOWN_IDS = 1_000


def item_bytes(stack: Stack, trn: str) -> int:
    (item,) = [one for one in stack.scan() if one["pk"]["S"] == trn and one["sk"]["S"] == "payment"]
    return len(json.dumps(item))


def test_twelve_notifications_of_60_kilobytes_do_not_keep_a_payment_from_being_paid(
    stack: Stack,
) -> None:
    trn = stack.started()
    small = item_bytes(stack, trn)
    for number in range(12):
        assert stack.notify(trn, "4", Message=f"{number:02d}" * (30 * 1024)).status == 200
    stack.elsom_says(trn, "A")
    assert stack.notify(trn).status == 200
    times = []
    for _ in range(60):
        before = stack.queries(trn)
        stack.work()
        times += [now_ms()] * (stack.queries(trn) - before)
        stack.wait(1)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert times
    assert all(gap >= 2 * SECOND - 50 for gap in gaps), gaps
    payment = stack.payment(trn)
    assert payment.status == "paid"
    assert item_bytes(stack, trn) < small + 1024
    kept = [item for item in stack.scan() if item["kind"]["S"] == "notification"]
    assert len(kept) == 13
    assert all(len(json.dumps(item)) < 4 * 1024 for item in kept)
    assert stack.reported(trn) == ["payment.pending", "payment.paid"]


def flood(stack: Stack, number: int) -> list[str]:
    """Unknown ids that wait since long before any payment here, as after a flood of a while ago."""
    ids = [derive_id("flood", str(one)) for one in range(number)]
    since = now_ms() - 600 * SECOND
    waiting = [
        Unknown(id=one, first_seen_at=since, notified_at=since, next_check_at=since) for one in ids
    ]
    stack.stream.put([to_image(_unknown_item(one)) for one in waiting])
    return ids


@pytest.mark.parametrize("number", [UNKNOWN_IDS])
def test_unknown_ids_by_the_thousand_do_not_delay_known_payments(stack: Stack, number: int) -> None:
    trns = [stack.started(f"order-{one}", orderId=f"A-{one}") for one in range(20)]
    for trn in trns:
        stack.elsom_says(trn, "A")
    ids = flood(stack, number)
    stack.wait(61)
    stack.tick()
    known = [one["id"] for one in stack.account.queue("checks").bodies() if one["id"] in trns]
    assert sorted(known) == sorted(trns), "all of them in the first turn"
    stack.work()
    assert {one.status for one in stack.payments()} == {"paid"}
    assert stack.queried_ids()[: len(trns)] == known, "known payments first"
    for _ in range(30):
        before = stack.recorder.effects.count(STATUS)
        stack.wait(1)
        stack.work()
        assert stack.recorder.effects.count(STATUS) - before == 1, "one question a second in all"
    assert set(stack.queried_ids()[len(trns) :]) < set(ids)


def test_a_payment_that_starts_in_a_flood_of_unknown_ids_is_asked_about_at_once(
    stack: Stack,
) -> None:
    flood(stack, 300)
    stack.tick()
    trn = stack.started()
    stack.elsom_says(trn, "A")
    assert stack.notify(trn).status == 200
    stack.work()
    assert stack.payment(trn).status == "paid"


def test_ids_that_are_not_ours_in_form_are_kept_and_never_asked_about(
    stack: Stack,
) -> None:
    for number in range(40):
        assert stack.notify(f"other-shop-{number}").status == 200
    stack.live(600)
    assert [item["kind"]["S"] for item in stack.scan()] == ["notification"] * 40
    assert stack.account.queue("checks").messages == []
    assert [effect for effect in stack.recorder.effects if effect.startswith("elsom:")] == []
    assert UNKNOWN_SORT_KEY not in {item["sk"]["S"] for item in stack.scan()}
