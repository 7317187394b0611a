"""axe-core, the checker of accessibility, run inside a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.fetched import node_modules


@cache
def axe_source() -> str:
    """The program, fetched by npm where it is missing."""
    return (node_modules() / "axe-core" / "axe.min.js").read_text("utf-8")


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
