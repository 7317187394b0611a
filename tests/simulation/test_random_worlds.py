"""Random worlds: on fixed seeds, the same for every change that is judged, and on fresh ones."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.expected import DRAWN, RESULTS, missing
from tests.simulation.mutations import GUARDS
from tests.simulation.run import Plan, Report, run_world
from tests.simulation.stack import CONCURRENCY

ROOT = Path(__file__).parents[2]
FIXED = [Plan("fixed", number, 110, keep_going=True) for number in (*range(7), 12)]
UNKIND = [Plan("unkind", number, 60, unkindness=5) for number in range(2)]
# Chosen in tests/conftest.py for every run.
FRESH = [Plan(f"{os.environ['FRESH_SEED']}{number}", 0, 60) for number in range(2)]
# Small enough to be run often.
SMALL = Plan("twice", 0, 15)


@pytest.fixture(scope="module")
def total() -> Report:
    return Report()


def judge(report: Report) -> None:
    assert not report.broken, "\n\n".join(report.broken[:2])
    assert report.most_checks <= CONCURRENCY


@pytest.mark.parametrize("plan", FIXED, ids=lambda plan: plan.name)
def test_no_invariant_is_broken(plan: Plan, total: Report) -> None:
    report = run_world(plan)
    total.add(report)
    judge(report)


def test_every_fault_and_every_outcome_has_happened(total: Report) -> None:
    if total.payments != sum(plan.payments for plan in FIXED):
        for plan in FIXED:
            total.add(run_world(plan))
    assert missing(total, RESULTS | DRAWN) == []


@pytest.mark.parametrize("plan", UNKIND, ids=lambda plan: plan.name)
def test_no_invariant_is_broken_with_every_fault_five_times_as_likely(plan: Plan) -> None:
    judge(run_world(plan))


@pytest.mark.parametrize("plan", FRESH, ids=lambda plan: plan.name)
def test_no_invariant_is_broken_on_a_fresh_seed(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nfresh seed {plan.seed}, {plan.payments} payments", end=" ")
    judge(run_world(plan))


def test_the_same_seed_tells_the_same_stories_in_another_process() -> None:
    code = (
        f"from tests.simulation.run import Plan, run_world; print(run_world({SMALL!r}).digests[0])"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONHASHSEED": hash_seed,
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert digests == set(run_world(SMALL).digests)


def test_another_seed_tells_other_stories() -> None:
    other = Plan("twice", 1, SMALL.payments)
    assert run_world(SMALL).digests != run_world(other).digests


def test_a_broken_invariant_shows_seed_payment_and_story() -> None:
    guard = GUARDS["with a trusted notification"]
    report = run_world(Plan("told", 0, 60), guard.take_away)
    assert report.broken
    text = report.broken[0]
    assert text.startswith("seed told/0: invariant 1 ")
    assert "is broken by" in text
    for line in ("shop: start", "Elsom: start 1 arrived", "notification arrives", "BROKEN 1"):
        assert line in text
