"""Every fault, and who must report it: `python -m tests.template.all_faults` shows who does.

Names of opinions behind it show these alone: moto and cfn-lint take seconds for each fault.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tests.template.faults import Fault, faults
from tests.template.faults_of_functions import FUNCTION_FAULTS
from tests.template.faults_of_gateway import GATEWAY_FAULTS
from tests.template.faults_of_rights import LANGUAGE, MISSED, POLICIES
from tests.template.faults_of_stores import STORES
from tests.template.opinions import CASES, OPINIONS
from tests.template.transform import Json


@dataclass(frozen=True)
class Expected:
    """A fault, and the resource that the report must name."""

    fault: Fault
    named: str

    def name_in(self, template: Json) -> str:
        return Fault("", self.named, "", None).found_in(template)


ALL: Final = [
    *(
        Expected(fault, fault.resource)
        for listed in (STORES, FUNCTION_FAULTS, GATEWAY_FAULTS, POLICIES, LANGUAGE)
        for fault in faults(listed)
    ),
    *(
        Expected(Fault(name, where, path, value), named)
        for name, (named, where, path, value) in MISSED.items()
    ),
]
CASE: Final = CASES["everything"]


def reporters(expected: Expected, template: Json, among: list[str]) -> Iterator[str]:
    """The opinions that report the fault and name its resource, first or in their words."""
    stack = CASE.stack(expected.fault.put_into(template))
    wanted = expected.name_in(template)
    for name in among:
        if any(re.search(rf"\b{wanted}\b", str(one)) for one in OPINIONS[name](stack)):
            yield name


def main(names: list[str]) -> int:
    """Print every fault with the opinions that report it; 1 if one is reported by none."""
    logging.disable(logging.WARNING)
    template = CASE.template()
    missed = 0
    for expected in ALL:
        found = list(reporters(expected, template, names or list(OPINIONS)))
        missed += not found
        sys.stdout.write(f"| {expected.fault.name} | {expected.named} | {', '.join(found)} |\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(ALL)} faults, {missed} not reported\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
