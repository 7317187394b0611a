"""One payment, two or three at once, a death possible at every step: all orders of steps."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.exploration.explorer import Found, explore
from tests.exploration.scenarios import SCENARIOS, Scenario
from tests.exploration.scene import Scene
from tests.simulation.images import read_quickly
from tests.simulation.mutations import GUARDS


@pytest.fixture(autouse=True)
def quickly() -> Iterator[None]:
    with read_quickly():
        yield


def by_name(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_order_of_steps_keeps_the_invariants(
    scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    found = explore(scenario.make, scenario.budget)
    with capsys.disabled():
        print(f"\n{scenario.name}: {found.states} states, {found.ways:,} interleavings", end=" ")
    assert not found.broken, "\n\n".join(found.broken[:2])
    alone = len(scenario.make().actors) == 1
    assert found.ends > (5 if alone else 10)
    assert alone or found.ways > found.ends


@pytest.mark.parametrize(
    ("guard", "name"), [(guard, name) for guard, one in GUARDS.items() for name in one.scenarios]
)
def test_a_guard_taken_away_is_noticed(guard: str, name: str) -> None:
    scenario = by_name(name)
    take_away, invariants = GUARDS[guard].take_away, GUARDS[guard].invariants
    with ExitStack() as undo:

        def make() -> Scene:
            undo.close()
            scene = scenario.make()
            undo.enter_context(take_away(scene))
            return scene

        found: Found = explore(make, scenario.budget, stop_when_broken=True)
    assert found.broken, f"nobody noticed: {guard}"
    assert any(f"invariant {number} " in found.broken[0] for number in invariants), found.broken[0]
    assert "in this order:" in found.broken[0]
