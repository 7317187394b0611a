"""A function killed between any two of its calls: what comes after makes up for it."""

from __future__ import annotations

import pytest

from tests.failure.conftest import NewHouse
from tests.failure.life import FUNCTIONS, Step, check_the_end, settle
from tests.failure.line import Killed
from tests.receiver import Receiver

pytestmark = pytest.mark.needs("java", "npm")


@pytest.mark.parametrize("step", FUNCTIONS, ids=lambda step: step.name)
def test_a_function_killed_at_any_call_is_made_up_for(
    step: Step, new_house: NewHouse, shop: Receiver
) -> None:
    with new_house(SHOP_WEBHOOK_URL=shop.url) as house:
        keys: list[str] = []
        died = True
        while died:
            keys.append(f"{step.name}-{len(keys)}")
            step.prepare(house, keys[-1])
            house.line.dies_after(len(keys) - 1)
            try:
                step.run(house, keys[-1])
                died = False
            except Killed:
                died = True
        house.line.dies_after(None)
        settle(house, keys)
        check_the_end(house, keys, shop)
    assert len(keys) > step.calls + 1, "before the first call, and after each"
