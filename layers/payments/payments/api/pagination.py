"""Pages of a list: their size, and cursors that only this stack can make."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import msgspec

from payments.domain.signed_urls import is_signed, sign

DEFAULT_LIMIT: Final = 25
LARGEST_LIMIT: Final = 100


def parse_limit(text: str | None) -> tuple[int, list[tuple[str, str]]]:
    """The number of items on a page, and what is wrong with the parameter."""
    if text is None:
        return DEFAULT_LIMIT, []
    if text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_LIMIT:
        return int(text), []
    return DEFAULT_LIMIT, [("limit", f"must be a whole number from 1 to {LARGEST_LIMIT}")]


def to_cursor(value: msgspec.Struct, key: str) -> str:
    """A place in a list as an opaque text, signed by us."""
    text = base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")
    return f"{text}.{sign('cursor', text, key)}"


def from_cursor[Place: msgspec.Struct](
    cursor: str, kind: type[Place], signing_keys: Sequence[str]
) -> Place | None:
    """The place in a cursor; None where it was changed, or belongs to another list."""
    text, _, signature = cursor.partition(".")
    if not is_signed("cursor", text, signature, signing_keys):
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=="), type=kind)
    except (binascii.Error, msgspec.MsgspecError):
        return None
