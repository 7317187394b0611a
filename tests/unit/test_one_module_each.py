"""AWS, HTTP and the environment are each used in one module only."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "payments" / "payments"
HANDLERS = ROOT / "functions"

# Where a library may be imported, by the name of a module or package of it.
HOMES = {
    "boto3": {"payments.aws.clients"},
    "botocore": {"payments.aws.clients"},
    "requests": {"payments.http_client"},
    "urllib3": {"payments.http_client"},
    "urllib.request": {"payments.http_client"},
    "http.client": {"payments.http_client"},
    "socket": {"payments.http_client"},
}
# Words, not tools: what AWS's failures are called, and how its table writes values down.
WORDS = ("botocore.exceptions", "boto3.dynamodb.types")


def module_name(file: Path) -> str:
    name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imported(source: str) -> Iterator[str]:
    """Every module that is imported, wherever that stands, `from a import b` as `a.b`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(name: str, library: str) -> bool:
    return name == library or name.startswith(f"{library}.")


def strangers(source: str, module: str) -> set[str]:
    """What the source imports although another module is the place for it."""
    return {
        name
        for name in imported(source)
        for library, home in HOMES.items()
        if is_in(name, library) and module not in home
        if not any(is_in(name, word) for word in WORDS)
    }


def reads_environment(source: str) -> bool:
    names = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    variables = {"os.environ", "os.environb", "os.getenv", "os.getenvb"}
    return bool(variables & (names | set(imported(source))))


MODULES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}
HANDLERS_UNDER_TEST = {file.parent.name: file for file in sorted(HANDLERS.glob("*/handler.py"))}


@pytest.mark.parametrize("module", MODULES)
def test_aws_and_http_are_imported_in_their_room_only(module: str) -> None:
    assert strangers(MODULES[module].read_text(), module) == set()


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"payments.settings"}))
def test_the_environment_is_read_by_settings_only(module: str) -> None:
    assert not reads_environment(MODULES[module].read_text())


@pytest.mark.parametrize("handler", HANDLERS_UNDER_TEST)
def test_a_door_touches_neither_aws_nor_http_nor_the_environment(handler: str) -> None:
    source = HANDLERS_UNDER_TEST[handler].read_text()
    assert strangers(source, handler) == set()
    assert not reads_environment(source)


def test_every_room_is_where_this_test_says() -> None:
    used = {name.split(".")[0] for name in imported(MODULES["payments.aws.clients"].read_text())}
    assert "boto3" in used
    used = {name.split(".")[0] for name in imported(MODULES["payments.http_client"].read_text())}
    assert "requests" in used
    assert reads_environment(MODULES["payments.settings"].read_text())


def test_every_module_has_its_place_in_the_order_of_imports() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    order = next(entry for entry in settings["contracts"] if entry["type"] == "layers")["layers"]
    placed = {f"payments.{name.strip()}" for layer in order for name in layer.split("|")}
    packages = {module_name(file) for file in PACKAGE.rglob("__init__.py")}
    modules = set(MODULES) - packages
    assert {name for name in modules if not any(is_in(name, place) for place in placed)} == set()
    assert {place for place in placed if place not in MODULES} == set()


@pytest.mark.parametrize(
    "source",
    [
        "import boto3",
        "import botocore.session as session",
        "from botocore import config",
        "def late():\n    from requests import post",
        "from http import client",
        "import urllib.request",
    ],
)
def test_an_import_in_the_wrong_room_is_found(source: str) -> None:
    assert strangers(source, "payments.use_cases.start_payment")


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['X']",
        "from os import getenv",
        "import os\nos.getenv('X')",
        "from os import environ",
    ],
)
def test_a_look_into_the_environment_is_found(source: str) -> None:
    assert reads_environment(source)
