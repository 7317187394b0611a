"""`make simulate SEED=7 PAYMENTS=1000 STORY=<payment id>`: payments through every failure."""

import os
import secrets
import sys
import time

from tests.simulation.expected import missing
from tests.simulation.run import Report, plans, run_all

ENOUGH_FOR_EVERYTHING = 1_000
MOST_STORIES = 3


def main() -> int:
    seed = os.environ.get("SEED") or str(secrets.randbelow(10**6))
    payments = int(os.environ.get("PAYMENTS") or 1_000)
    worlds = plans(seed, payments, os.environ.get("STORY", ""))
    say(f"{payments} payments in {len(worlds)} worlds of eight days each, seed {seed}")
    say(f"To repeat this run: make simulate SEED={seed} PAYMENTS={payments}")
    began = time.monotonic()
    total = Report()
    for number, report in enumerate(run_all(worlds, min(2, os.cpu_count() or 1)), 1):
        total.add(report)
        took = time.monotonic() - began
        say(f"  {number} of {len(worlds)} worlds, {total.payments} payments, {took:.0f} s")
    return tell(total, time.monotonic() - began)


def tell(total: Report, seconds: float) -> int:
    for title, counts in (("Faults", total.faults), ("Outcomes", total.outcomes)):
        say(f"\n{title}:")
        for name, count in sorted(counts.items()):
            say(f"  {count:8}  {name}")
    for story in total.stories:
        say(f"\nThe story that was asked for:\n{story}")
    say(f"\nAll stories: {total.digest} (the same seed gives the same number)")
    for broken in total.broken[:MOST_STORIES]:
        say(f"\nBROKEN, {broken}")
    absent = missing(total) if total.payments >= ENOUGH_FOR_EVERYTHING else []
    for name in absent:
        say(f"Never happened: {name}")
    verdict = f"{len(total.broken)} invariants broken" if total.broken else "no invariant broken"
    say(f"\n{total.payments} payments, {verdict}, {seconds:.1f} s")
    return 1 if total.broken or absent else 0


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
