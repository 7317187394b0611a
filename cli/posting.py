"""One unsigned POST, as Elsom makes it, and whatever it is answered."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


def post_json(url: str, document: object) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the JSON object in the answer's body, {} where there is none."""
    request = urllib.request.Request(  # noqa: S310 - the stack's own http(s) URL
        url, json.dumps(document).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:  # noqa: S310 - the same
            return answer.status, _object(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, _object(refusal.read())


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode(errors="replace"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
