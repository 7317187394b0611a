"""Money: whole tyiyn inside, a decimal string of som outside, never a float."""

from __future__ import annotations

import re
from typing import Final, NewType

Tyiyn = NewType("Tyiyn", int)

# The last look-ahead refuses a newline, which Python's `$` allows.
AMOUNT_PATTERN: Final = r"^(?!0+(\.0+)?$)(0|[1-9][0-9]{0,8})(\.[0-9]{1,2})?$(?!\n)"
_AMOUNT: Final = re.compile(AMOUNT_PATTERN)


def parse_som(text: str) -> Tyiyn:
    """Turn `"1500.5"` (som) into 150050 (tyiyn); raise ValueError on anything else."""
    if not _AMOUNT.match(text):
        msg = "not an amount in som"
        raise ValueError(msg)
    som, _, fraction = text.partition(".")
    return Tyiyn(int(som) * 100 + int(fraction.ljust(2, "0")))


def format_som(amount: Tyiyn) -> str:
    """Turn 150050 (tyiyn) into `"1500.50"` (som)."""
    return f"{amount // 100}.{amount % 100:02d}"
