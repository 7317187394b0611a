"""The desk on this machine: whose name it acts in, where it is, and which stack it finds."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Any

import pytest

from desk import local, stack_file
from desk.local import address_of, person_here
from desk.stack_file import api_of
from elsom_payments_client import ApiUnreachable


@pytest.mark.parametrize(
    ("name", "shown"),
    [("aida", "aida"), ("a\x1b[2Jb", "a[2Jb"), ("", "operator"), ("x" * 80, "x" * 64),
     ("\x00", "operator")],
)  # fmt: skip
def test_the_name_is_one_that_the_api_takes(
    monkeypatch: pytest.MonkeyPatch, name: str, shown: str
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: name)
    assert person_here() == shown


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("no passwd")])
def test_a_machine_without_names_has_an_operator(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", fail)
    assert person_here() == "operator"


def test_the_address_is_on_this_machine_with_its_key() -> None:
    assert address_of(8060, "k") == "http://127.0.0.1:8060/enter?key=k"
    assert address_of(8060, None) == "http://127.0.0.1:8060/"


def test_only_this_machine_can_reach_it() -> None:
    assert local.HOST == "127.0.0.1"


class FakeClient:
    made: list[str] = []  # noqa: RUF012 - one list for the test

    def __init__(self, url: str, **_: Any) -> None:
        self.made.append(url)
        self.url = url

    def get(self, payment_id: str) -> str:
        return f"{payment_id} at {self.url}"


def test_the_stack_is_looked_up_again_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stack_file, "ElsomPayments", FakeClient)
    file = tmp_path / "stack.json"
    api = api_of(file)

    def deploy(url: str) -> None:
        keys = {"region": "us-east-1", "accessKeyId": "a", "secretAccessKey": "b"}
        file.write_text(json.dumps({"outputs": {"ApiUrl": url}, **keys}))

    with pytest.raises(ApiUnreachable, match="make run"):
        api.get("P")
    deploy("one")
    assert str(api.get("P")) == str(api.get("P")) == "P at one"
    deploy("two")
    assert str(api.get("P")) == "P at two"
    assert FakeClient.made == ["one", "two"]
    file.unlink()
    with pytest.raises(ApiUnreachable):
        api.get("P")
