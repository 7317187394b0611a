"""AWS Signature Version 4 for `requests`, by botocore's signer."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from requests.auth import AuthBase

if TYPE_CHECKING:
    from requests import PreparedRequest

_SIGNED = ("Content-Type", "Idempotency-Key")
_signing: ContextVar[bool] = ContextVar("signing", default=False)
# At level DEBUG botocore logs what it signs: the session token is in it.
logging.getLogger("botocore.auth").addFilter(lambda _: not _signing.get())


class Signature(AuthBase):
    """Signs each request just before it is sent: `requests.get(url, auth=Signature(...))`."""

    def __init__(self, credentials: Credentials, region: str) -> None:
        self._credentials = credentials
        self._region = region

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """The same request with its signature."""
        headers = {name: request.headers[name] for name in _SIGNED if name in request.headers}
        body = request.body or b""
        data = body.encode() if isinstance(body, str) else body
        signed = AWSRequest(request.method, request.url, headers, data)
        keys = self._credentials.get_frozen_credentials()
        before = _signing.set(True)
        try:
            SigV4Auth(keys, "execute-api", self._region).add_auth(signed)
        finally:
            _signing.reset(before)
        request.headers.update(signed.headers.items())
        return request
