from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` made of this very source: one folder for each function and for the layer."""
    sam = shutil.which(ROOT / ".local" / "sam" / "bin" / "sam") or shutil.which("sam")
    assert sam, "the SAM CLI is missing: make run, or make build, installs it"
    folder = tmp_path_factory.mktemp("built")
    environment = {
        **os.environ,
        "PYTHON": sys.executable,
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    command = [sam, "build", "--template-file", "template.yaml", "--build-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        umask=0o077,  # of somebody who lets nobody else read
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def layer(built: Path) -> Path:
    return built / "PaymentsLayer" / "python"


@pytest.fixture(scope="session")
def bundles(built: Path) -> list[Path]:
    found = sorted(built.glob("*Function"))
    sources = ROOT.glob("functions/*/handler.py")
    names = {source.parent.name.replace("_", " ").title().replace(" ", "") for source in sources}
    assert {bundle.name for bundle in found} == {f"{name}Function" for name in names}
    assert len(names) >= 6
    return found
