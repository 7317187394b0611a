"""AWS throttles, resets connections and loses answers, at every call of every function.

microburst stands between boto3 and the services; a fault begins with the n-th call of a function
and lasts until the function has ended, or meets one call alone, which boto3 then repeats.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from payments.domain.errors import PaymentsError
from tests.failure.burst import FAULTS, FAULTS_ONCE, Fault, Weather
from tests.failure.conftest import NewStack
from tests.failure.life import FUNCTIONS, QUERIES, Step, check_the_end, settle
from tests.failure.stack import Response, Stack, id_of
from tests.receiver import Receiver
from tests.sandbox.driver import eventually

pytestmark = pytest.mark.needs("java", "npm")

STEPS = (*FUNCTIONS, *QUERIES)
RETRY = {"start", *(step.name for step in QUERIES)}


def each_call(
    step: Step, fault: Fault, stack: Stack, weather: Weather, judge: Callable[[Any, str], None]
) -> list[str]:
    """Run the step once for each of its calls, with a fault from that call on; the keys used."""
    keys: list[str] = []
    met = [True]
    while met:
        key = f"{step.name}-{fault}-{len(keys)}"
        step.prepare(stack, key)
        met = []

        def turn(met: list[bool] = met) -> None:
            met.append(True)
            weather.turn(fault)

        stack.recorder.at_call(len(keys), turn)
        try:
            came_to = step.run(stack, key)
        except PaymentsError as error:
            came_to = error
        finally:
            stack.recorder.undisturbed()
            weather.turn(None)
        keys.append(key)
        judge(came_to, key)
    assert len(keys) > step.calls
    assert eventually(weather.fired), "not one call was met"
    return keys


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_aws_failing_at_any_call_is_told_honestly_and_made_up_for(
    step: Step, behind_burst: NewStack, weather: Weather, shop: Receiver
) -> None:
    with behind_burst(SHOP_WEBHOOK_URL=shop.url) as stack:

        def judge(came_to: Any, key: str) -> None:
            if isinstance(came_to, Response):
                assert_honest(came_to, step, stack, key)

        keys = [key for fault in FAULTS for key in each_call(step, fault, stack, weather, judge)]
        settle(stack, keys)
        check_the_end(stack, keys, shop)


def assert_honest(answer: Response, step: Step, stack: Stack, key: str) -> None:
    """No false success: what is claimed is stored, and whoever is refused is told to come again."""
    if step.name == "notification":
        kept = answer.status == 200
        assert answer.status in (200, 503)
        assert (answer.body["Response"]["ErrorCode"] == "0") is kept
        if kept:
            kinds = [one["kind"]["S"] for one in stack.scan() if one["pk"]["S"] == id_of(key)]
            assert "notification" in kinds
        return
    assert answer.status in (200, 201, 202, 503), answer
    if answer.status == 503 and step.name in RETRY and "customers" not in step.name:
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Content-Type"] == "application/problem+json"
    if step.name == "start" and answer.status == 202:
        assert answer.body["status"] == "start_unknown"


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_one_failed_call_is_repeated_and_nobody_notices(
    step: Step, behind_burst: NewStack, weather: Weather
) -> None:
    """Also a write whose answer was lost: its repeat meets the writer's own item."""
    with behind_burst() as stack:
        step.prepare(stack, "undisturbed")
        usual = seen(step.run(stack, "undisturbed"), stack, "undisturbed")

        def judge(came_to: Any, key: str) -> None:
            assert seen(came_to, stack, key) == usual

        for fault in FAULTS_ONCE:
            each_call(step, fault, stack, weather, judge)


def seen(came_to: Any, stack: Stack, key: str) -> Any:
    """What the caller and the table show of a step, without what differs from key to key."""
    assert not isinstance(came_to, PaymentsError), came_to
    payment = stack.payment(id_of(key))
    outcome = came_to.status if isinstance(came_to, Response) else came_to
    whats = [(entry["what"], "sequence" in entry) for entry in payment.timeline]
    # A notification that was counted twice is the second one: the index keeps it, too.
    writes = payment.version - (payment.triggered_at is not None)
    return outcome, payment.status, writes, payment.queries, whats
