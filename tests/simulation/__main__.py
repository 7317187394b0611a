"""`make simulate SEED=7 PAYMENTS=1000 TRACE=<payment id>`: payments through every failure."""

import argparse
import os
import secrets
import sys
import time

from tests.simulation.expected import missing
from tests.simulation.profile import choose_profile
from tests.simulation.run import WORLD_SIZE, Plan, Report, plans, run_all

ENOUGH_FOR_EVERYTHING = 5_000
MOST_STORIES = 3


def main() -> int:
    wanted = read_arguments()
    plan = Plan(
        wanted.seed, 0, wanted.payments, wanted.trace, wanted.unkindness, keep_going=wanted.all
    )
    worlds = plans(plan)
    if wanted.world is not None:
        worlds = worlds[wanted.world : wanted.world + 1]
    say(f"{wanted.payments} payments in worlds of eight days each, seed {plan.seed}")
    say(f"To repeat this run: python -m tests.simulation {again(wanted)}")
    began = time.monotonic()
    total = Report()
    for number, report in enumerate(run_all(worlds, wanted.processes), 1):
        total.add(report)
        took = time.monotonic() - began
        left = took / number * (len(worlds) - number)
        say(
            f"  {number} of {len(worlds)} worlds, {total.payments} payments,"
            f" {len(total.broken)} broken, {took:.0f} s, about {left:.0f} s left"
        )
    return log(total, plan, time.monotonic() - began)


def read_arguments() -> argparse.Namespace:
    """Arguments, or the variables that `make` hands over."""
    given = os.environ
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description="Payments through random failures under a virtual clock. Each world of up to"
        f" {WORLD_SIZE} payments has a profile of its own, drawn from seed and number.",
        epilog="Ends with 1 if an invariant is broken, or if a fault never happened in a run of"
        f" {ENOUGH_FOR_EVERYTHING} payments or more.",
    )
    add = parser.add_argument
    add("--seed", default=given.get("SEED") or str(secrets.randbelow(10**6)), help="a text")
    add("--payments", type=int, default=int(given.get("PAYMENTS") or 1_000))
    add("--trace", default=given.get("TRACE", ""), help="tell what happened to this payment")
    add(
        "--unkindness",
        type=float,
        default=float(given.get("UNKINDNESS") or 1),
        help="every fault so many times as likely (1)",
    )
    add("--world", type=int, help="only the world of this number, counted from 0")
    add("--all", action="store_true", help="go on after the first broken invariant of a world")
    add("--processes", type=int, default=min(2, os.cpu_count() or 1), help="side by side (2)")
    return parser.parse_args()


def again(wanted: argparse.Namespace) -> str:
    return (
        f"--seed {wanted.seed} --payments {wanted.payments} --unkindness {wanted.unkindness:g}"
        + (f" --world {wanted.world}" if wanted.world is not None else "")
        + (" --all" if wanted.all else "")
    )


def log(total: Report, plan: Plan, seconds: float) -> int:
    for title, counts in (("Faults", total.faults), ("Outcomes", total.results)):
        say(f"\n{title}:")
        for name, count in sorted(counts.items()):
            say(f"  {count:8}  {name}")
    for trace in total.stories:
        say(f"\nThe trace that was requested:\n{trace}")
    say(f"\nAll stories: {total.digest} (the same seed gives the same number)")
    for broken in total.broken[:MOST_STORIES]:
        name = broken.split(" ", 2)[1].rstrip(":")
        say(f"\nBROKEN, {broken}\nThe world: {choose_profile(name)}")
    for broken in total.broken[MOST_STORIES:]:
        say(f"BROKEN, {broken.partition(chr(10))[0]}")
    stopped = total.broken and not plan.keep_going
    enough = total.payments >= ENOUGH_FOR_EVERYTHING and not stopped
    absent = missing(total) if enough else []
    for name in absent:
        say(f"Never happened: {name}")
    verdict = f"{len(total.broken)} invariants broken" if total.broken else "no invariant broken"
    say(f"\n{total.payments} payments, {verdict}, {seconds:.1f} s")
    return 1 if total.broken or absent else 0


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
