"""Programs beyond Python that some tests need, and how each is installed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
    """A program on PATH, and the command that installs it on Debian."""

    program: str
    install: str


TOOLS = {
    "java": Tool("java", "apt-get install -y default-jre-headless"),
    "npm": Tool("npm", "apt-get install -y npm"),
    "node": Tool("node", "apt-get install -y nodejs"),
    "chromium": Tool("chromium", "apt-get install -y chromium"),
    "php": Tool("php", "apt-get install -y php-cli php-curl"),
    "phpunit": Tool("phpunit", "apt-get install -y phpunit"),
    "make": Tool("make", "apt-get install -y make"),
}


def missing(tool: str) -> bool:
    """Whether the tool is not on PATH. Raises KeyError for one that is not listed here."""
    return shutil.which(TOOLS[tool].program) is None
