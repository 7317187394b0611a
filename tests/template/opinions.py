"""All opinions on a template, side by side; each says what it finds, and of which resource."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.template import replay
from tests.template.alarm_rules import alarms
from tests.template.event_rules import events
from tests.template.function_rules import functions
from tests.template.gateway_rules import gateway
from tests.template.general_rules import general
from tests.template.language_rules import language
from tests.template.linting import lint, representative_regions
from tests.template.parameter_rules import parameters
from tests.template.policy_rules import policies
from tests.template.queue_rules import queues
from tests.template.schema_opinion import schema
from tests.template.stack import Finding, Stack
from tests.template.table_rules import tables
from tests.template.transform import EVERYTHING, OTHER, PLAIN, REGION, Json, transform

# The account of which moto thinks it is.
ACCOUNT: Final = "123456789012"


@dataclass(frozen=True)
class Case:
    """Parameters and a region: what a stack is made with."""

    values: Mapping[str, str]
    region: str = REGION

    def template(self) -> Json:
        """The template as SAM makes it there."""
        return transform(dict(self.values), region=self.region)

    def stack(self, template: Json) -> Stack:
        return Stack(template, dict(self.values), self.region, ACCOUNT)


CASES: Final = {
    "smallest": Case(PLAIN),
    "everything": Case(EVERYTHING),
    "another partition": Case(OTHER, "cn-north-1"),
}


def cfn_lint(stack: Stack) -> Iterator[Finding]:
    """cfn-lint, in every region whose schemas differ."""
    kinds = frozenset(str(one.get("Type")) for one in stack.template["Resources"].values())
    regions = representative_regions(kinds) or (stack.region,)
    try:
        said = lint(json.dumps(stack.template), regions=regions)
    except Exception as error:  # noqa: BLE001 - it falls over some of what it is given
        yield Finding("Resources", f"cfn-lint cannot read it: {error!r}")
        return
    for match in said:
        path = [str(part) for part in match.path]
        where = path[1] if path[:1] == ["Resources"] and len(path) > 1 else ".".join(path[:2])
        yield Finding(where, f"{match.rule.id} {match.message[:200]}")


# Quick ones first: together some tenths of a second.
QUICK: Final[dict[str, Callable[[Stack], Iterator[Finding]]]] = {
    "language": language,
    "parameters": parameters,
    "schema": schema,
    "models": replay.models,
    "policies": policies,
    "general": general,
    "functions": functions,
    "queues": queues,
    "events": events,
    "tables": tables,
    "gateway": gateway,
    "alarms": alarms,
}
SLOW: Final[dict[str, Callable[[Stack], Iterator[Finding]]]] = {
    "moto": replay.moto,
    "cfn-lint": cfn_lint,
}
OPINIONS: Final = {**QUICK, **SLOW}
