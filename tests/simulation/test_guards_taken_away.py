"""Each guard, taken away around a run: within two thousand payments it is noticed, by name."""

from collections.abc import Iterator

import pytest

from tests.simulation.mutations import GUARDS
from tests.simulation.run import Plan, Report, run_world

WORLD = 125
WITHIN = 2_000
SIMULATED = [name for name, guard in GUARDS.items() if guard.simulated]


def reports(name: str) -> Iterator[Report]:
    guard = GUARDS[name]
    if guard.world is not None:
        yield run_world(Plan(*guard.world), guard.take_away)
        return
    for number in range(WITHIN // WORLD):
        yield run_world(Plan(f"mutation {name}", number, WORLD), GUARDS[name].take_away)


@pytest.mark.parametrize("name", SIMULATED)
def test_a_guard_taken_away_is_noticed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    payments = 0
    for report in reports(name):
        payments += report.payments
        if report.broken:
            with capsys.disabled():
                first = report.broken[0].partition("\n")[0]
                print(f"\n{name}: within {payments} payments: {first}", end=" ")
            numbers = GUARDS[name].invariants
            assert any(f"invariant {number} " in report.broken[0] for number in numbers)
            return
    pytest.fail(f"{payments} payments, and nobody noticed: {name}")


def test_every_guard_is_noticed_by_simulation_or_exploration() -> None:
    assert all(guard.simulated or guard.scenarios for guard in GUARDS.values())
