"""Idempotency, and starts whose outcome nobody knows."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deployed import Deployed


def test_the_same_key_again_replays_the_payment_and_elsom_is_not_called(stack: Deployed) -> None:
    first = stack.start(key="again", orderId="B-1")
    second = stack.start(key="again", orderId="B-1", amount="1500")
    assert (first.status, second.status) == (201, 200)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.body["id"] == first.body["id"]
    assert len(stack.calls(first.body["id"], "IA_Init")) == 1


def test_the_same_key_with_another_body_is_refused(stack: Deployed) -> None:
    stack.start(key="other", orderId="B-2")
    other = stack.start(key="other", orderId="B-2", amount="1500.01")
    assert other.status == 422
    assert other.body["type"].endswith(":idempotency-key-reused")


def test_the_same_key_eight_times_at_once_is_one_payment_and_one_start(stack: Deployed) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: stack.start(key="eight", orderId="B-3"), range(8)))
    assert {answer.status for answer in answers} <= {200, 201, 409}
    assert sum(answer.status == 201 for answer in answers) == 1
    ids = {answer.body["id"] for answer in answers if answer.status < 300}
    assert len(ids) == 1
    for answer in answers:
        if answer.status == 409:
            assert answer.body["type"].endswith(":start-in-progress")
            assert int(answer.headers["retry-after"]) >= 1
    assert len(stack.calls(ids.pop(), "IA_Init")) == 1


@pytest.mark.parametrize(
    "fault", ["hang", "cut", "reset", "500", "503", "302", "400", "garbage", "empty"]
)
def test_a_start_with_unknown_outcome_is_never_sent_again_and_settled_by_checks(
    stack: Deployed, fault: str
) -> None:
    # Longer than a start waits; other faults are answers, and come at once.
    stack.fault("IA_Init", fault, **({"seconds": 25} if fault == "hang" else {}))
    started = stack.start(key=f"unknown-{fault}")
    assert started.status == 202, started
    payment = started.body
    assert (payment["status"], payment["statusReason"]) == (
        "start_unknown",
        "start-outcome-unknown",
    )
    assert payment["checkoutUrl"] is None
    again = stack.start(key=f"unknown-{fault}", orderId=payment["orderId"])
    assert (again.status, again.body["status"]) == (200, "start_unknown")
    stack.set_status(payment["id"], "A")
    stack.run_schedule()
    stack.wait_for(payment["id"], "paid")
    assert len(stack.calls(payment["id"], "IA_Init")) == 1


def test_start_unknown_stays_while_elsom_says_in_progress(stack: Deployed) -> None:
    stack.fault("IA_Init", "500")
    payment = stack.start().body
    stack.set_status(payment["id"], "1")
    checked = stack.shop.call("POST", f"/payments/{payment['id']}/check")
    assert (checked.status, checked.body["status"]) == (200, "start_unknown")
    assert checked.body["nextCheckAt"] is not None
