"""The signature that AWS computes of a request, by the words of its own document."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, unquote_plus, urlsplit


def signature_of_aws(
    method: str, url: str, headers: Mapping[str, str], body: bytes, secret_key: str
) -> str:
    """The hexadecimal signature, over what AWS has decoded and encoded again by its rules."""
    parts = urlsplit(url)
    given = {name.lower(): value for name, value in headers.items()} | {"host": parts.netloc}
    authorization = given["authorization"]
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0]
    words = [[unquote_plus(word) for word in pair.split("=")] for pair in parts.query.split("&")]
    pairs = ["=".join(quote(word, safe="") for word in pair) for pair in words]
    canonical = "\n".join(
        [
            method,
            parts.path,
            "&".join(sorted(pairs)),
            *(f"{name}:{given[name]}" for name in signed.split(";")),
            "",
            signed,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = authorization.partition("Credential=")[2].partition(",")[0].partition("/")[2]
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            given["x-amz-date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
