"""cfn-lint as a library: what it says of a template, with its information rules too."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from cfnlint.api import ManualArgs
from cfnlint.api import lint as cfn_lint
from cfnlint.helpers import REGIONS
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

# Said about the transformed form, of what SAM wrote and we cannot change.
_UNUSED: Final = "W2001"  # SAM puts the value where a Ref was, so the parameter looks unused
_PARTITION: Final = "I3042"  # SAM writes the partition into the ARNs of routes, where it transforms


@cache
def representative_regions(kinds: frozenset[str]) -> tuple[str, ...]:
    """One region for each different set of schemas, of all regions that have all of these types."""
    marks: dict[str, list[int]] = {region: [] for region in REGIONS}
    for kind in sorted(kinds):
        groups = PROVIDER_SCHEMA_MANAGER.get_resource_schemas_by_regions(kind, REGIONS)
        for number, (regions, _) in enumerate(groups):
            for region in regions:
                marks[region].append(number)
    complete = {region: tuple(found) for region, found in marks.items() if len(found) == len(kinds)}
    return tuple({found: region for region, found in complete.items()}.values())


def lint(text: str, *, of_sam: bool = True, regions: tuple[str, ...] = ()) -> list[Any]:
    """What cfn-lint says; `of_sam`: less what SAM is to blame for."""
    settings = ManualArgs(include_checks=["I"], regions=list(regions or ("eu-central-1",)))
    return [
        match for match in cfn_lint(text, config=settings) if not (of_sam and _is_sams_own(match))
    ]


def _is_sams_own(match: Any) -> bool:
    path = [str(part) for part in match.path]
    of_a_route = "x-amazon-apigateway-integration" in path or "SourceArn" in path
    return match.rule.id == _UNUSED or (match.rule.id == _PARTITION and of_a_route)
