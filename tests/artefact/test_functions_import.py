"""Each handler, imported by a fresh process that sees its bundle and the layer and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).with_name("fresh_import.py")
STANDARD_LIBRARY = Path(os.__file__).parent
# What only the functions that call Elsom may pay for.
HTTP = {"requests", "payments.http_client"}
WITHOUT_HTTP = {"ElsomCallbackFunction", "ScheduleChecksFunction"}
# Costly to import, and taken up by botocore and urllib3 wherever they lie on the path.
NEVER = {"awscrt", "charset_normalizer", "cryptography", "OpenSSL", "aws_xray_sdk", "pydantic"}


@pytest.fixture(scope="module")
def imported(bundles: list[Path], layer: Path) -> dict[str, dict[str, Any]]:
    return {bundle.name: fresh_import(bundle, layer) for bundle in bundles}


def fresh_import(bundle: Path, layer: Path) -> dict[str, Any]:
    command = [sys.executable, "-I", "-S", "-B", str(PROGRAM), str(bundle), str(layer)]
    environment = {
        "AWS_DEFAULT_REGION": "eu-central-1",
        # Handlers make their clients when they are imported; none may look for credentials far off.
        "AWS_EC2_METADATA_DISABLED": "true",
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    # A word on stderr would be a line of its own in every cold start's log.
    assert (done.returncode, done.stderr) == (0, ""), bundle.name
    return dict(json.loads(done.stdout))


def ours(found: dict[str, Any], *folders: Path) -> dict[str, dict[str, str]]:
    return {
        name: where
        for name, where in found["modules"].items()
        if any(Path(where["source"]).is_relative_to(folder) for folder in folders)
    }


def test_every_handler_imports_with_nothing_but_its_bundle_and_the_layer(
    imported: dict[str, dict[str, Any]], built: Path
) -> None:
    for name, found in imported.items():
        assert found["callable"], name
        elsewhere = set(found["modules"]) - set(ours(found, built, STANDARD_LIBRARY))
        assert elsewhere <= {"__main__"}, name


def test_every_module_that_a_handler_imports_has_bytecode(
    imported: dict[str, dict[str, Any]], built: Path
) -> None:
    for name, found in imported.items():
        modules = ours(found, built)
        assert {"handler", "payments", "boto3"} <= set(modules), name
        for module, where in modules.items():
            if where["source"].endswith(".py"):
                assert Path(where["bytecode"]).is_file(), (name, module)


def test_a_notification_and_the_schedule_import_no_http_client(
    imported: dict[str, dict[str, Any]],
) -> None:
    for name in WITHOUT_HTTP:
        assert not HTTP & set(imported[name]["modules"]), name
    assert set(imported["StartPaymentFunction"]["modules"]) >= HTTP


def test_no_handler_imports_what_slows_every_cold_start(
    imported: dict[str, dict[str, Any]],
) -> None:
    for name, found in imported.items():
        assert not NEVER & {module.split(".")[0] for module in found["modules"]}, name
