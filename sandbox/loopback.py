"""The sandbox talks to this machine only: checks of what it binds to and what it calls."""

import ipaddress
from urllib.parse import urlsplit


class NotLoopbackError(ValueError):
    """An address outside this machine was given; the text is one sentence for a person."""


def check_bind_host(host: str) -> str:
    """Return `host` when binding to it is safe; raise `NotLoopbackError` otherwise."""
    if not _is_loopback(host):
        raise NotLoopbackError(
            f"The sandbox listens on loopback addresses only, such as 127.0.0.1, not on {host!r}."
        )
    return "127.0.0.1" if host == "localhost" else host


def check_portal_url(url: str) -> str:
    """Return `url` when it is http(s) on a loopback address; raise `NotLoopbackError` otherwise."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host = ""
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not _is_loopback(host):
        raise NotLoopbackError(
            "The portal URL must be http or https on a loopback address, such as"
            " http://127.0.0.1:4566/..., because the sandbox calls this machine only."
        )
    if any(character <= " " or character == "\x7f" for character in url) or parts.fragment:
        raise NotLoopbackError("The portal URL must hold no space, control character or fragment.")
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
