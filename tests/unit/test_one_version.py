"""The bundle's version is written down once; whatever else names it says the same."""

import json
import tomllib
from pathlib import Path
from typing import Any

import elsom_payments_client
import payments
from payments.webhooks.rules import USER_AGENT

ROOT = Path(__file__).parents[2]
MAJOR = payments.__version__.partition(".")[0]


def project(folder: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / folder / "pyproject.toml").read_text())


def test_the_client_goes_with_the_bundle() -> None:
    assert elsom_payments_client.__version__ == payments.__version__


def test_packages_take_their_version_from_the_code() -> None:
    for folder in ("", "layers/payments", "clients/python"):
        said = project(folder)["project"]
        assert "version" in said["dynamic"], folder
        assert "version" not in said, folder
    for folder in ("", "layers/payments", "clients/python"):
        source = ROOT / folder / project(folder)["tool"]["hatch"]["version"]["path"]
        assert f'\n__version__ = "{payments.__version__}"\n' in source.read_text(), folder


def test_the_api_names_the_version_and_its_path_the_major_one() -> None:
    document = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text())
    assert document["info"]["version"] == payments.__version__
    assert document["servers"][0]["url"] == f"/v{MAJOR}"


def test_a_webhook_says_which_contract_it_follows() -> None:
    assert f"elsom-payments/{MAJOR}" == USER_AGENT
