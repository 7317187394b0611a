"""Makes docs/api/openapi.json and its page, for `make generated`.

Schemas come from the very types that the code validates and answers with; a test fails when the
committed files are not what this makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from payments import __version__
from tools.api_page import page
from tools.api_paths import paths
from tools.api_types import schemas
from tools.environments import ROOT

HERE: Final = ROOT / "docs" / "api"


def document() -> dict[str, Any]:
    """The whole OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Elsom Payments",
            "version": __version__,
            "description": (
                "Payments from Elsom wallets. Every call is signed with AWS Signature Version 4, "
                "service `execute-api`. Money is a decimal string in som, times are RFC 3339 UTC. "
                "On any 429 or 5xx repeat the call, a start with the same `Idempotency-Key`."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/v1", "description": "The stack's output `ApiUrl`"}],
        "security": [{"sigv4": []}],
        "paths": paths(),
        "components": {"schemas": schemas(), "securitySchemes": {"sigv4": _SIGV4}},
    }


_SIGV4: Final = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "description": "AWS Signature Version 4",
    "x-amazon-apigateway-authtype": "awsSigv4",
}


def files() -> dict[Path, str]:
    """What the committed files have to hold."""
    made = document()
    return {
        HERE / "openapi.json": json.dumps(made, indent=2, ensure_ascii=False) + "\n",
        HERE / "index.html": page(made),
    }
