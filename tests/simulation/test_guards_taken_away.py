"""Each guard, taken away around a run: within a thousand payments it is noticed, by name."""

from collections.abc import Iterator

import pytest

from tests.simulation.mutations import MUTATIONS
from tests.simulation.run import Plan, Report, run_world

WORLD = 125
WITHIN = 1_000


def reports(guard: str) -> Iterator[Report]:
    mutate, _ = MUTATIONS[guard]
    for number in range(WITHIN // WORLD):
        yield run_world(Plan(f"mutation {guard}", number, WORLD), mutate)


@pytest.mark.parametrize("guard", MUTATIONS)
def test_a_guard_taken_away_is_noticed(guard: str, capsys: pytest.CaptureFixture[str]) -> None:
    payments = 0
    _, invariants = MUTATIONS[guard]
    for report in reports(guard):
        payments += report.payments
        if report.broken:
            with capsys.disabled():
                first = report.broken[0].partition("\n")[0]
                print(f"\n{guard}: within {payments} payments: {first}", end=" ")
            assert any(f"invariant {number} " in report.broken[0] for number in invariants)
            return
    pytest.fail(f"{payments} payments, and nobody noticed: {guard}")
