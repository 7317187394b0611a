"""Each fault is put into the transformed template alone: an opinion reports it and names where."""

from __future__ import annotations

from functools import cache

import pytest

from tests.template.all_faults import ALL, CASE, Expected, reporters
from tests.template.opinions import QUICK, SLOW
from tests.template.transform import Json

# What AWS refuses and an emulator takes; more of them than the rules were written after.
AT_LEAST = 300


@cache
def template() -> Json:
    return CASE.template()


@pytest.mark.parametrize("expected", ALL, ids=lambda expected: expected.fault.name)
def test_a_fault_is_reported_and_its_resource_named(expected: Expected) -> None:
    # The slow opinions are heard only where none of the quick ones says a word.
    assert any(reporters(expected, template(), [*QUICK, *SLOW]))


def test_there_are_many_faults_each_with_a_name_of_its_own() -> None:
    names = [expected.fault.name for expected in ALL]
    assert len(set(names)) == len(names) >= AT_LEAST


def test_a_fault_changes_a_copy_only_and_changes_something() -> None:
    before = CASE.template()
    for expected in ALL:
        assert expected.fault.put_into(template()) != before, expected.fault.name
    assert template() == before


def test_faults_are_put_into_every_type_of_resource() -> None:
    kinds = {one["Type"] for one in template()["Resources"].values()}
    faulty = {
        template()["Resources"][expected.fault.found_in(template())]["Type"]
        for expected in ALL
        if "." not in expected.fault.resource
    }
    assert faulty == kinds


def test_the_slow_opinions_report_many_faults_by_themselves() -> None:
    """moto is no decoration: of faults that it can know of, it finds most."""
    chosen = [one for one in ALL if one.fault.name in FOUND_BY_MOTO]
    assert len(chosen) == len(FOUND_BY_MOTO)
    for expected in chosen:
        assert list(reporters(expected, template(), ["moto"])) == ["moto"], expected.fault.name


FOUND_BY_MOTO = {
    "every character of an included type is excluded",
    "a key is not defined",
    "a dead-letter queue that is not there",
    "a queue's name with a dot",
    "a managed policy of AWS that is not there",
}
