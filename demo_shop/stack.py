"""The stack that the shop is a customer of, as the local cloud wrote it down."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from elsom_payments_client import ElsomPayments

_REREAD_SECONDS: Final = 5.0


class StackMissing(Exception):
    """There is no local stack to pay with; the text is one sentence for a person."""


@dataclass(frozen=True)
class Reached:
    """One deployment: its API and where its secrets are."""

    api: ElsomPayments
    secrets: Any
    secret_arn: str


class Stack:
    """Reads `stack.json` again whenever it changed, so a new deployment is found by itself."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._read_from = ""
        self._reached: Reached | None = None
        self._webhook_secrets: list[str] = []
        self._secrets_read_at = 0.0

    def api(self) -> ElsomPayments:
        """The payments API. Raises StackMissing."""
        return self._reach().api

    def webhook_secrets(self) -> list[str]:
        """The secrets that sign webhooks, read at most every few seconds. Raises StackMissing.

        A real shop is given its `whsec_...` once and keeps it among its own settings.
        """
        reached = self._reach()
        with self._lock:
            if time.monotonic() - self._secrets_read_at > _REREAD_SECONDS:
                try:
                    answer = reached.secrets.get_secret_value(SecretId=reached.secret_arn)
                except (BotoCoreError, ClientError) as error:
                    raise StackMissing("The stack's secret cannot be read.") from error
                self._webhook_secrets = json.loads(answer["SecretString"])["webhookSecrets"]
                self._secrets_read_at = time.monotonic()
            return list(self._webhook_secrets)

    def _reach(self) -> Reached:
        with self._lock:
            try:
                text = self._file.read_text()
            except OSError as error:
                msg = f"There is no stack: {self._file} is missing. `make run` makes one."
                raise StackMissing(msg) from error
            if self._reached is None or text != self._read_from:
                self._reached = _reached(json.loads(text))
                self._read_from = text
                self._secrets_read_at = 0.0
            return self._reached


def _reached(described: dict[str, Any]) -> Reached:
    key, secret = described["accessKeyId"], described["secretAccessKey"]
    api = ElsomPayments(
        described["outputs"]["ApiUrl"],
        region=described["region"],
        credentials=Credentials(key, secret),
    )
    secrets = boto3.client(
        "secretsmanager",
        endpoint_url=described["awsEndpoint"],
        region_name=described["region"],
        aws_access_key_id=key,
        aws_secret_access_key=secret,
    )
    return Reached(api, secrets, described["outputs"]["ElsomSecretArn"])
