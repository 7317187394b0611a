"""`make bench`: every section, or those named (`python -m tests.bench cold units`)."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from tests.bench import checks, cold, cost, cost_page, latency, schedule, size, stub, units, warm
from tests.bench.artefact import Artefact, build, published
from tests.bench.report import Section
from tests.bench.units import Ways
from tests.bench.warm import Warm
from tests.contract.stores import DynamoStores, in_dynamodb
from tests.contract.tables import new_client
from tests.deployed import running_cloud
from tests.dynamodb_local import running_dynamodb_local
from tools.environments import ROOT
from tools.local.cloud import LocalCloud

DOCS: Final = ROOT / "docs"


def say(text: str) -> None:
    """Progress, one line a step."""
    print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)


@dataclass
class Bench:
    """What several sections share, each part made when the first of them asks for it."""

    scratch: Path
    running: ExitStack

    @cached_property
    def artefact(self) -> Artefact:
        say("build with the SAM CLI")
        return build(self.scratch / "artefact")

    @cached_property
    def environment(self) -> dict[str, str]:
        return stub.environment(self.running.enter_context(stub.answering()))

    @cached_property
    def cloud(self) -> LocalCloud:
        say("start the local AWS and the sandbox")
        return self.running.enter_context(running_cloud(self.scratch / "cloud"))

    @cached_property
    def endpoint(self) -> str:
        return self.running.enter_context(running_dynamodb_local(self.scratch))

    @cached_property
    def warm(self) -> dict[str, Warm]:
        return warm.measure_each(self.artefact, self.environment, say)

    @cached_property
    def ways(self) -> Ways:
        return units.count(self.empty)

    def empty(self) -> DynamoStores:
        """An empty table in AWS's own DynamoDB."""
        return in_dynamodb(new_client(self.endpoint))

    def cold(self) -> Section:
        boto3 = published(self.scratch / "boto3")
        return cold.measure(self.artefact, boto3, self.environment, say)


SECTIONS: Final[dict[str, Callable[[Bench], Section]]] = {
    "cold": Bench.cold,
    "warm": lambda bench: warm.section(bench.warm),
    "units": lambda bench: units.section(bench.ways),
    "schedule": lambda bench: schedule.measure(bench.empty, say),
    "checks": lambda bench: checks.measure(bench.cloud, say),
    "latency": lambda bench: latency.measure(bench.cloud, say),
    "cost": lambda bench: cost.section(bench.ways, bench.warm),
    "size": lambda bench: size.measure(bench.artefact, bench.scratch),
}


def main(names: list[str]) -> int:
    """Measure and print; write the pages in docs/ when everything was measured."""
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        print(f"Error: there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}.")
        return 1
    # No call may reach a real account, and clients of a local one want keys.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    began = time.monotonic()
    found = []
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as running:
        bench = Bench(Path(scratch), running)
        for name in names or SECTIONS:
            say(f"== {name}")
            found.append(SECTIONS[name](bench))
            print(found[-1].as_text() + "\n", flush=True)
        if not names:
            (DOCS / "cost.md").write_text(cost_page.page(bench.ways, bench.warm))
            (DOCS / "benchmarks.md").write_text(page(found, time.monotonic() - began))
            print("Written: docs/benchmarks.md, docs/cost.md")
    missed = sum(section.missed for section in found)
    print(f"{missed} aims missed, {time.monotonic() - began:.0f} s")
    return 0


def page(found: list[Section], seconds: float) -> str:
    """docs/benchmarks.md: where and when, then every section."""
    head = [
        "# Benchmarks",
        (
            f"Made by `make bench` on {time.strftime('%Y-%m-%d')} in {seconds:.0f} s, at commit"
            f" {commit()}, on {machine()}. Figures are ratios within one run wherever they can be;"
            " *spread* is by how much two halves of the run differ. Nothing here is measured on"
            " AWS:"
            " seconds are this machine's."
        ),
    ]
    return "\n\n".join([*head, *(section.as_markdown() for section in found)]) + "\n"


def commit() -> str:
    """The commit, and whether something was changed since."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def machine() -> str:
    """What it was measured with."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{os.cpu_count()} processors ({platform.machine()}), {platform.system()}, {python}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
