"""The URLs in the package's metadata: `PROJECT_URL` is the repository that a release is made in."""

from __future__ import annotations

import os
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class ProjectUrls(MetadataHookInterface):
    """Adds the project's URLs; a package that is built elsewhere has none."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `urls`."""
        home = os.environ.get("PROJECT_URL", "").rstrip("/")
        metadata["urls"] = (
            home
            and {
                "Homepage": home,
                "Documentation": f"{home}/tree/main/clients/python",
                "Changelog": f"{home}/blob/main/CHANGELOG.md",
                "Issues": f"{home}/issues",
            }
        ) or {}
