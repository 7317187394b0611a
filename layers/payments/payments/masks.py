"""Hide what may be a wallet number: none reaches a log, an event or an error."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = re.compile(r"\d{9,}")


def mask_numbers(text: str) -> str:
    """Hide the middle of every long run of digits: it may be a wallet number."""
    return _DIGITS.sub(lambda found: mask_msisdn(found.group()), text)


def mask_msisdn(number: str) -> str:
    """`0556109910` becomes `0556***910`."""
    return f"{number[:4]}***{number[-3:]}"
