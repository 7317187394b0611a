"""An environment is made again when its requirements change, and pins name no address."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tools import environments
from tools.environments import ENVIRONMENTS, Environment


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_pins_have_hashes_and_no_address(name: str) -> None:
    text = ENVIRONMENTS[name].source.read_text()
    pins = re.findall(r"^\S+==\S+", text, re.MULTILINE)
    assert pins
    assert len(re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pins)
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("name", ["dev", "local-aws", "elsom"])
def test_tests_and_local_functions_run_with_what_the_layer_ships(name: str) -> None:
    shipped = pins((environments.ROOT / "layers" / "payments" / "requirements.txt").read_text())
    ours = pins(ENVIRONMENTS[name].source.read_text())
    assert shipped
    assert {package: ours[package] for package in ours.keys() & shipped.keys()} == {
        package: shipped[package] for package in ours.keys() & shipped.keys()
    }


def pins(requirements: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^ ]+)", requirements, re.MULTILINE))


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setattr(environments, "ROOT", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "x.txt").write_text("a==1")
    environment = Environment("x", tmp_path / "x")
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    environment.stamp.write_text(environment.wanted())
    return environment


def test_an_environment_is_left_alone_until_its_pins_change(ready: Environment) -> None:
    assert ready.is_ready()
    ready.source.write_text("a==2")
    assert not ready.is_ready()


def test_a_moved_environment_is_made_again(ready: Environment, tmp_path: Path) -> None:
    moved = replace(ready, folder=tmp_path / "y")
    ready.folder.rename(moved.folder)
    assert not moved.is_ready()
