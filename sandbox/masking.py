"""What a person looking over the operator's shoulder must not read."""

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from sandbox.protocol import PASSWORD

HIDDEN: Final = "••••••"
_PASSWORD_FIELD = re.compile(
    r"""(["']?password["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s,}&]+)""", re.IGNORECASE
)
_WALLET = re.compile(r"(?<![0-9A-Za-z])(0[0-9]{3})[0-9]{3}([0-9]{3})(?![0-9A-Za-z])")


def masked(text: str) -> str:
    """Hide passwords and the middle of wallet numbers, also in text that is not JSON."""
    text = _PASSWORD_FIELD.sub(rf"\1{HIDDEN}", text).replace(PASSWORD, HIDDEN)
    return _WALLET.sub(r"\1***\2", text)


def masked_url(url: str | None) -> str | None:
    """Hide the last part of the portal URL's path: it is the merchant's token."""
    if url is None:
        return None
    parts = urlsplit(url)
    path = parts.path.rpartition("/")[0] + "/" + HIDDEN if parts.path.strip("/") else parts.path
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, "", ""))
