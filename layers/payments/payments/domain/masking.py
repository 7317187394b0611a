"""Mask what may be a wallet number, and escape characters that act on a screen."""

from __future__ import annotations

import re
from typing import Final

# Between two digits of one number: blanks, dashes, dots, brackets, characters without width.
_GAP: Final = r"[\s.()/\-\u2010-\u2015\u2212\u00ad\u200b-\u200f\u2060\ufeff]{0,3}"
_NEXT: Final = rf"(?:{_GAP}\d)"
_PART: Final = r"[\s.\-\u2010-\u2015\u2212]"
_NUMBER: Final = re.compile(
    # A date with its year: digits after it are its time, not part of a number.
    r"(?P<date>(?:\d{1,2}[.\-/]\d{1,2}[.\-/](?:19|20)\d\d|(?:19|20)\d\d[.\-/]\d\d[.\-/]\d\d)(?!\d))"
    # With the country's code, or with the 0 before the operator's code.
    rf"|(?P<wallet>\(?(?:(?:00|\+{_GAP})?996{_NEXT}{{9}}|0{_GAP}[2-9]{_NEXT}{{8}})(?!\d)"
    # With neither: 556 109 910, 556-10-99-10, (556) 109910; decimals behind it make it an amount.
    rf"|(?P<short>\(?[2-9]\d\d(?:\){_GAP}|{_PART})"
    rf"(?:\d{{6}}|\d{{3}}{_PART}?\d{{3}}|\d\d{_PART}\d\d{_PART}\d\d)(?!\d|[.,]\d)))"
    r"|(?P<run>\d{9,})|\d+"
)
# Characters that move the cursor, change the text's direction, end a line or cannot be seen.
UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def mask_numbers(text: str) -> str:
    """Mask the middle of every long run of digits, and of wallet numbers in every notation."""
    return _NUMBER.sub(_masked, text)


def mask_msisdn(number: str) -> str:
    """`0556109910` becomes `0556***910`."""
    return f"{number[:4]}***{number[-3:]}"


def visible(text: str, keep: str = "") -> str:
    r"""Escape each character that acts on a screen instead of being shown, as `\x1b`.

    Those in `keep` stay as they are: line ends, where a text has several lines.
    """
    return UNSEEN.sub(lambda found: _written(found.group(), keep), text)


def _masked(found: re.Match[str]) -> str:
    if found["wallet"]:
        digits = "".join(filter(str.isdigit, found["wallet"]))
        return mask_msisdn(f"0{digits}" if found["short"] else digits)
    return mask_msisdn(found["run"]) if found["run"] else found[0]


def _written(character: str, keep: str) -> str:
    if character in keep:
        return character
    code = ord(character)
    if code <= 0xFF:
        return _SHORT.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
