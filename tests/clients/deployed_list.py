"""The conformance list against the deployed local stack."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from tests.clients.conformance import Runner, wrong
from tests.deployed import Deployed

STARTS = "IA_Init"
# A list may lag by seconds.
LAG_SECONDS = 60.0


def filled(value: Any, kept: Mapping[str, str]) -> Any:
    """The value with `{name}` replaced by what an earlier step kept."""
    text = json.dumps(value)
    for name, one in kept.items():
        text = text.replace(f"{{{name}}}", json.dumps(one)[1:-1])
    return json.loads(text)


def run_steps(
    stack: Deployed, settings: Mapping[str, Any], runner: Runner, scenario: Mapping[str, Any]
) -> list[str]:
    """What the client does wrong in this scenario."""
    kept = {"run": secrets.token_hex(4)}
    client = {**settings, **scenario.get("client", {})}
    said = []
    for number, raw in enumerate(scenario["steps"], start=1):
        step = filled(raw, kept)
        if "call" in step:
            found, mismatches = called(runner, client, step)
            kept |= {name: str(found.get(field)) for name, field in step.get("keep", {}).items()}
        else:
            mismatches = at_elsom(stack, step)
        said += [f"step {number}: {one}" for one in mismatches]
    return said


def called(
    runner: Runner, client: Mapping[str, Any], step: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What the call returned or raised, and what is wrong with it."""
    line = {"client": client, "call": step["call"], "arguments": step["arguments"]}
    began = time.monotonic()
    while True:
        result = runner.call(line)
        mismatches = wrong(step, result)
        seconds = time.monotonic() - began
        if not (mismatches and step.get("eventually")) or seconds > LAG_SECONDS:
            break
        time.sleep(0.3)
    if seconds < step.get("atLeast", 0):
        mismatches.append(f"it took {seconds:.1f} s, less than {step['atLeast']} s")
    found = result.get("returned", result.get("raised"))
    return found if isinstance(found, dict) else {}, mismatches


def at_elsom(stack: Deployed, step: Mapping[str, Any]) -> list[str]:
    """Have the sandbox do what the step says, or count what it got."""
    if "fault" in step:
        stack.fault(**step["fault"])
        return []
    if step["elsom"] == "status":
        stack.set_status(step["of"], step["becomes"])
        return []
    count = len(stack.calls(step["of"], STARTS))
    return [] if count == step["count"] else [f"{count} starts reached Elsom"]
