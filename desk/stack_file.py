"""The API of the stack that `make run` wrote down, whichever it is at the moment."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, cast

from botocore.credentials import Credentials

from desk.api import DEADLINE_SECONDS, Api
from elsom_payments_client import ApiUnreachable, ElsomPayments


def api_of(file: Path) -> Api:
    """An API that is looked up again whenever the file changes; ApiUnreachable while it is gone."""
    return cast("Api", _Found(file))


class _Found:
    """Each method is that of the client of the file's present stack."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._read_from = ""
        self._api: ElsomPayments | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(), name)

    def _found(self) -> ElsomPayments:
        with self._lock:
            try:
                text = self._file.read_text()
            except OSError:
                raise ApiUnreachable("there is no stack: make run") from None
            if self._api is None or text != self._read_from:
                self._api, self._read_from = _client(json.loads(text)), text
            return self._api


def _client(described: dict[str, Any]) -> ElsomPayments:
    return ElsomPayments(
        described["outputs"]["ApiUrl"],
        region=described["region"],
        credentials=Credentials(described["accessKeyId"], described["secretAccessKey"]),
        deadline=DEADLINE_SECONDS,
    )
