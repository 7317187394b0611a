"""Identifiers: derived, never random, so that a repeated call finds its own record."""

from __future__ import annotations

import hashlib
import re
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH: Final = 20
ID_PATTERN: Final = r"^[0-9A-HJKMNP-TV-Z]{20}$(?!\n)"
_ID: Final = re.compile(ID_PATTERN)


def derive_id(*parts: str) -> str:
    """20 characters of Crockford base 32 (100 bits) from the SHA-256 of the parts.

    Each part is length-prefixed, so that ("ab", "c") and ("a", "bc") differ.
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8) + data)
    number = int.from_bytes(digest.digest()) >> (256 - 5 * ID_LENGTH)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * ID_LENGTH - 5, -1, -5))


def is_id(text: str) -> bool:
    """Whether the text has the form of our ids."""
    return _ID.match(text) is not None


def next_sequence(previous: int, now: int) -> int:
    """The number of the next change. It rises also after a restore of an older table."""
    return max(previous + 1, now)


def shard(identifier: str, shards: int) -> int:
    """Spread ids evenly over `shards` partitions (at most 32)."""
    return ALPHABET.index(identifier[-1]) % shards
