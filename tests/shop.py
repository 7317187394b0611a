"""A shop that looks at every answer of the payments API, whatever its status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from botocore.credentials import Credentials

from elsom_payments_client import Signature


@dataclass(frozen=True)
class Response:
    """Status, headers (in small letters) and JSON body of one answer."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Shop:
    """A caller of the payments API, with the rights of the given keys."""

    api_url: str
    region: str
    access_key_id: str
    secret_access_key: str

    def call(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> Response:
        """One signed call; any HTTP status is an answer."""
        keys = Credentials(self.access_key_id, self.secret_access_key)
        answer = requests.request(
            method,
            self.api_url + path,
            json=body,
            headers=headers,
            auth=Signature(keys, self.region),
            timeout=30,
            allow_redirects=False,
        )
        found = {name.lower(): value for name, value in answer.headers.items()}
        is_json = bool(answer.text) and "json" in found.get("content-type", "")
        return Response(answer.status_code, found, answer.json() if is_json else answer.text)
