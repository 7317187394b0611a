"""A function killed between any two of its calls: what comes after makes up for it."""

from __future__ import annotations

import pytest

from tests.failure.conftest import NewStack
from tests.failure.life import FUNCTIONS, WARM_START, Step, check_the_end, settle
from tests.failure.recorder import Killed
from tests.receiver import Receiver

pytestmark = pytest.mark.needs("java", "npm")


@pytest.mark.parametrize("step", [*FUNCTIONS, WARM_START], ids=lambda step: step.name)
def test_a_function_killed_at_any_call_is_made_up_for(
    step: Step, new_stack: NewStack, shop: Receiver
) -> None:
    with new_stack(SHOP_WEBHOOK_URL=shop.url) as stack:
        keys: list[str] = []
        died = True
        while died:
            keys.append(f"{step.name}-{len(keys)}")
            step.prepare(stack, keys[-1])
            stack.recorder.dies_after(len(keys) - 1)
            try:
                step.run(stack, keys[-1])
                died = False
            except Killed:
                died = True
        stack.recorder.dies_after(None)
        settle(stack, keys)
        check_the_end(stack, keys, shop)
    assert len(keys) > step.calls + 1, "before the first call, and after each"
