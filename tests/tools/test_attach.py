"""What outlives a stack can be imported by a template that holds it alone, just as it was made."""

from __future__ import annotations

import json

import pytest

from cli.__main__ import main
from cli.template import KEPT, kept_template
from tests.template.linting import lint
from tests.template.transform import PLAIN, resolve, source


def test_it_holds_exactly_what_is_retained_and_imported() -> None:
    # The account's API Gateway role is retained too, but belongs to the account, not to the stack.
    retained = {
        name
        for name, resource in source()["Resources"].items()
        if str(resource.get("DeletionPolicy")).startswith("Retain") and "ApiGateway" not in name
    }
    assert set(KEPT) == retained
    assert set(kept_template()["Resources"]) == retained


def test_each_is_as_the_whole_template_has_it_on_a_real_account() -> None:
    for name, resource in kept_template()["Resources"].items():
        assert resource == resolve(source()["Resources"][name], PLAIN), name


def test_nothing_refers_to_what_is_not_there() -> None:
    text = json.dumps(kept_template())
    assert not [word for word in ('"Ref"', '"If"', '"GetAtt"', '"Sub"', "Fn::") if word in text]


def test_cfn_lint_has_nothing_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["kept-template"]) == 0
    assert lint(capsys.readouterr().out) == []
