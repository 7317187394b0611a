"""How a console shows the template, and what the Serverless Application Repository reads of it."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest

import payments
from tests.template.transform import PLAIN, ROOT, Json, known, source, transform

OPERATE = (ROOT / "docs" / "operate.md").read_text()
SUBNETS, GROUPS = "subnet-0a1b2c3d", "sg-0a1b2c3d"


def interface() -> Json:
    return dict(source()["Metadata"]["AWS::CloudFormation::Interface"])


def application() -> Json:
    return dict(source()["Metadata"]["AWS::ServerlessRepo::Application"])


def test_every_parameter_stands_in_one_group_and_has_a_label() -> None:
    grouped = [name for group in interface()["ParameterGroups"] for name in group["Parameters"]]
    assert sorted(grouped) == sorted(source()["Parameters"])
    assert len(set(grouped)) == len(grouped)
    assert set(interface()["ParameterLabels"]) == set(source()["Parameters"])


def test_what_must_be_given_comes_first() -> None:
    first = interface()["ParameterGroups"][0]["Parameters"]
    required = {name for name, one in source()["Parameters"].items() if "Default" not in one}
    assert set(first[: len(required)]) == required


def test_labels_and_group_names_are_short_and_differ() -> None:
    labels = [one["default"] for one in interface()["ParameterLabels"].values()]
    groups = [one["Label"]["default"] for one in interface()["ParameterGroups"]]
    for texts in (labels, groups):
        assert len(set(texts)) == len(texts)
        assert all(0 < len(text) <= 60 for text in texts)


def test_the_repository_gets_licence_readme_and_the_bundles_version() -> None:
    found = application()
    assert found["SemanticVersion"] == payments.__version__
    assert found["SpdxLicenseId"] == "MIT"
    assert (ROOT / found["LicenseUrl"]).read_text().startswith("MIT License")
    assert (ROOT / found["ReadmeUrl"]).read_text().startswith("# Elsom Payments")


def test_the_repositorys_limits_are_kept() -> None:
    found = application()
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,140}", found["Name"])
    assert 1 <= len(found["Description"]) <= 256
    assert re.fullmatch(r"[a-zA-Z0-9 -]{1,127}", found["Author"])
    assert len(found["Labels"]) <= 10
    assert all(re.fullmatch(r"[a-zA-Z0-9+_:/@-]{1,127}", label) for label in found["Labels"])


def test_metadata_survives_the_transform() -> None:
    assert transform(PLAIN)["Metadata"] == source()["Metadata"]


# ---- the rules that refuse parameters before anything is made


def truth(expression: Any, values: dict[str, str]) -> Any:
    """A rule's function, with parameters given as CloudFormation gets them: text."""
    match expression:
        case {"Ref": str(name)}:
            value = known(values)[name]
            is_list = source()["Parameters"].get(name, {}).get("Type") == "CommaDelimitedList"
            return value.split(",") if is_list else value
        case {"Fn::Equals": [left, right]}:
            return truth(left, values) == truth(right, values)
        case {"Fn::Not": [inner]}:
            return not truth(inner, values)
        case {"Fn::EachMemberEquals": [members, wanted]}:
            return all(member == wanted for member in truth(members, values))
        case str():
            return expression
    raise NotImplementedError(expression)


def refusals(values: dict[str, str]) -> list[str]:
    return [
        assertion["AssertDescription"]
        for rule in source()["Rules"].values()
        if truth(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not truth(assertion["Assert"], values)
    ]


@pytest.mark.parametrize(
    ("subnets", "groups"),
    list(itertools.product(("", SUBNETS, f"{SUBNETS},{SUBNETS}"), ("", GROUPS))),
)
def test_subnets_and_security_groups_are_given_together_or_not_at_all(
    subnets: str, groups: str
) -> None:
    given = {**PLAIN, "ElsomSubnetIds": subnets, "ElsomSecurityGroupIds": groups}
    refused = refusals(given)
    assert bool(refused) is (bool(subnets) != bool(groups))
    for text in refused:
        assert text.startswith("ElsomSubnetIds" if subnets else "ElsomSecurityGroupIds")


def test_sandbox_mode_is_refused_on_a_real_account_by_its_rule() -> None:
    assert refusals({**PLAIN, "SandboxMode": "true"})
    local = {**PLAIN, "SandboxMode": "true", "AWS::AccountId": "000000000000"}
    assert refusals(local) == refusals(PLAIN) == []


# ---- the deletion of the callers' policy


def test_operate_says_to_detach_the_callers_policy_before_the_deletion() -> None:
    """IAM does not delete what is attached, and only the shop's own role has this policy."""
    assert not {"Roles", "Users", "Groups"} & set(
        source()["Resources"]["PaymentsCallerPolicy"]["Properties"]
    )
    section = OPERATE[OPERATE.index("## Delete and attach again") :]
    order = ["list-entities-for-policy", "detach-role-policy", "sam delete --stack-name"]
    places = [section.index(command) for command in order]
    assert places == sorted(places)
