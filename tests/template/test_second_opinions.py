"""No opinion has anything to say about the template, whatever its parameters and wherever it is."""

from __future__ import annotations

from functools import cache

import pytest
from cfnlint.helpers import REGIONS
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.template.linting import representative_regions
from tests.template.opinions import CASES, OPINIONS
from tests.template.stack import Stack
from tests.template.transform import Json, source


@cache
def template(case: str) -> Json:
    return CASES[case].template()


def stack(case: str) -> Stack:
    return CASES[case].stack(template(case))


@pytest.mark.parametrize("opinion", OPINIONS)
@pytest.mark.parametrize("case", CASES)
def test_nothing_is_said_about_the_template(case: str, opinion: str) -> None:
    assert [str(one) for one in OPINIONS[opinion](stack(case))] == []


def test_the_cases_make_every_resource_and_leave_out_every_conditional_one() -> None:
    made = {case: set(stack(case).resources) for case in CASES}
    conditional = {
        name for name, one in template("smallest")["Resources"].items() if "Condition" in one
    }
    assert made["everything"] >= set(source()["Resources"]) - _renamed()
    left_out = {name for name in conditional if any(name not in found for found in made.values())}
    assert left_out == conditional


def _renamed() -> set[str]:
    """SAM puts a mark behind a layer's name."""
    return {
        name
        for name, one in source()["Resources"].items()
        if one["Type"] == "AWS::Serverless::LayerVersion"
    }


def test_cases_differ_in_region_partition_and_processor() -> None:
    assert len({case.region for case in CASES.values()}) > 1
    assert len({stack(case).place.partition for case in CASES}) > 1
    assert len({str(stack(case).known["Architecture"]) for case in CASES}) > 1


def test_every_type_is_known_to_every_region_that_cfn_lint_knows() -> None:
    """So the schemas of the linted regions are those of all regions."""
    kinds = frozenset(str(one["Type"]) for one in template("everything")["Resources"].values())
    linted = representative_regions(kinds)
    assert linted
    for kind in kinds:
        groups = list(PROVIDER_SCHEMA_MANAGER.get_resource_schemas_by_regions(kind, REGIONS))
        assert sum(len(regions) for regions, _ in groups) == len(REGIONS), kind
        assert all(set(regions) & set(linted) for regions, _ in groups), kind


def test_the_registrys_schemas_hold_every_resource_in_every_region() -> None:
    """One region for each set of schemas was checked above; the types' ids are the same here."""
    for name, one in stack("everything").resources.items():
        assert one.kind in PROVIDER_SCHEMA_MANAGER.get_resource_types("eu-central-1"), name
