"""axe-core, the checker of accessibility, fetched into .local/npm and run inside a page."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tools.environments import LOCAL

PACKAGE = "axe-core@4.14.1"
SHA512 = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
FOLDER = LOCAL / "npm" / PACKAGE


@cache
def axe_source() -> str:
    """The program, fetched by npm where it is missing; used only if its hash is the pinned one."""
    program = FOLDER / "axe.min.js"
    if not program.exists():
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent) as temporary:
            _fetch(Path(temporary))
    return program.read_text("utf-8")


def _fetch(folder: Path) -> None:
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, timeout=60)
    archive = next(folder.glob("*.tgz"))
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert found == SHA512, f"{PACKAGE} is not the archive that was pinned: its SHA-512 is {found}"
    with tarfile.open(archive) as contents:
        contents.extractall(folder, filter="data")
    try:
        (folder / "package").rename(FOLDER)
    except OSError:
        # Another worker of the same test run was faster.
        assert (FOLDER / "axe.min.js").exists()


def faults(page: Page) -> list[dict[str, Any]]:
    """What axe finds wrong with the page as it stands: rule, and the elements."""
    # Evaluated by the browser itself, so the page's own policy need not allow it.
    page.evaluate(axe_source())
    result = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert result["passes"], "axe looked at nothing"
    return [
        {"rule": found["id"], "nodes": [node["html"][:200] for node in found["nodes"]]}
        for found in result["violations"]
    ]
