"""`make bench`: every section, or those named (`python -m tests.bench cold units`)."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.bench import checks, cold, latency, schedule, size, stub, units, warm
from tests.bench.artefact import build, published
from tests.bench.report import Section
from tests.contract.stores import DynamoStores, in_dynamodb
from tests.contract.tables import new_client
from tests.deployed import running_cloud
from tests.dynamodb_local import running_dynamodb_local
from tools.environments import ROOT

PAGE: Final = ROOT / "docs" / "benchmarks.md"


def say(text: str) -> None:
    """Progress, one line a step."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)


def cold_start(scratch: Path) -> Section:
    artefact, boto3 = build(scratch / "build"), published(scratch / "boto3")
    with stub.answering() as url:
        return cold.measure(artefact, boto3, stub.environment(url), say)


def warm_calls(scratch: Path) -> Section:
    artefact = build(scratch / "build")
    with stub.answering() as url:
        return warm.section(warm.measure_each(artefact, stub.environment(url), say))


def weight(scratch: Path) -> Section:
    return size.measure(build(scratch / "build"), scratch)


def units_of_ways(scratch: Path) -> Section:
    with running_dynamodb_local(scratch) as endpoint:
        return units.section(units.count(_stores(endpoint)))


def turns_of_schedule(scratch: Path) -> Section:
    with running_dynamodb_local(scratch) as endpoint:
        return schedule.measure(_stores(endpoint), say)


def throughput(scratch: Path) -> Section:
    with running_cloud(scratch) as cloud:
        return checks.measure(cloud, say)


def to_the_webhook(scratch: Path) -> Section:
    with running_cloud(scratch) as cloud:
        return latency.measure(cloud, say)


SECTIONS: Final[dict[str, Callable[[Path], Section]]] = {
    "cold": cold_start,
    "warm": warm_calls,
    "units": units_of_ways,
    "schedule": turns_of_schedule,
    "checks": throughput,
    "latency": to_the_webhook,
    "size": weight,
}


def main(names: list[str]) -> int:
    """Measure, print, and write the page when everything was measured."""
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"Error: there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}.")
        return 1
    # DynamoDB Local wants some, and none of this may reach a real account.
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    found = []
    for name in names or SECTIONS:
        say(name)
        with tempfile.TemporaryDirectory() as scratch:
            found.append(SECTIONS[name](Path(scratch)))
        print(found[-1].as_text(), flush=True)
    if not names:
        PAGE.write_text(page(found))
    return 0


def page(found: list[Section]) -> str:
    """docs/benchmarks.md: where, when and what."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    where = f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}"
    head = (
        f"# Benchmarks\n\nMade by `make bench` on {time.strftime('%Y-%m-%d')}, {where}, {commit}."
    )
    return "\n\n".join([head, *(section.as_markdown() for section in found)]) + "\n"


def _stores(endpoint: str) -> Callable[[], DynamoStores]:
    return lambda: in_dynamodb(new_client(endpoint))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
