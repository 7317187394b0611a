"""The sandbox talks to this machine only: checks of what it binds to and what it calls."""

import re
from typing import Final

_HOST: Final = r"(localhost|127(\.[0-9]{1,3}){3})"
_URL: Final = rf"https?://({_HOST}|\[::1\])(:[0-9]{{1,5}})?([/?][!-\"$-~]*)?"


def check_bind_host(host: str) -> str:
    """Return `host` when it is of this machine only. Raises ValueError with one sentence."""
    if not re.fullmatch(rf"{_HOST}|::1", host):
        raise ValueError(
            f"The sandbox listens on loopback addresses such as 127.0.0.1, not {host!r}."
        )
    return "127.0.0.1" if host == "localhost" else host


def check_portal_url(url: str) -> str:
    """Return `url` when it is http(s) on this machine. Raises ValueError with one sentence."""
    if not re.fullmatch(_URL, url):
        wanted = "http or https on a loopback address, such as http://127.0.0.1:4566/..."
        raise ValueError(f"The portal URL must be {wanted}, in ASCII without spaces and fragment.")
    return url
