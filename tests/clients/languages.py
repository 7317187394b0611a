"""The clients' languages, and the programs beyond Python that each needs."""

from __future__ import annotations

from typing import Final

import pytest

# PHP's client runs in this machine's PHP, and in PHP 7.4 itself.
NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "py": (),
    "php": ("php",),
    "php74": ("npm",),
    "mjs": ("npm",),
}


def marked(language: str, *values: object) -> object:
    """A parameter of a test: the language first; skipped where what it needs is missing."""
    mark = pytest.mark.needs(*NEEDED[language])
    return pytest.param(language, *values, marks=mark, id=language)
