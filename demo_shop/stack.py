"""The stack that the shop is a customer of, as the local cloud wrote it down."""

import json
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError

from elsom_payments_client import ElsomPayments


class StackMissing(Exception):
    """There is no local stack to pay with; the text is one sentence for a person."""


class Stack:
    """Reads `stack.json` at each use, so a new deployment is found. Raises StackMissing."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def api(self) -> ElsomPayments:
        return _api(self._text())

    def webhook_secrets(self) -> list[str]:
        """Read at most every five seconds. A real shop keeps its `whsec_...` among its settings."""
        try:
            return _webhook_secrets(self._text(), int(time.monotonic() / 5))
        except (BotoCoreError, ClientError) as error:
            raise StackMissing("The stack's secret cannot be read.") from error

    def _text(self) -> bytes:
        try:
            return self._file.read_bytes()
        except OSError as error:
            wanted = f"There is no stack: {self._file} is missing. `make run` makes one."
            raise StackMissing(wanted) from error


@lru_cache(maxsize=1)
def _api(text: bytes) -> ElsomPayments:
    it = json.loads(text)
    keys = Credentials(it["accessKeyId"], it["secretAccessKey"])
    return ElsomPayments(it["outputs"]["ApiUrl"], region=it["region"], credentials=keys)


@lru_cache(maxsize=1)
def _webhook_secrets(text: bytes, _moment: int) -> list[str]:
    it = json.loads(text)
    client: Any = boto3.client(
        "secretsmanager",
        endpoint_url=it["awsEndpoint"],
        region_name=it["region"],
        aws_access_key_id=it["accessKeyId"],
        aws_secret_access_key=it["secretAccessKey"],
    )
    answer = client.get_secret_value(SecretId=it["outputs"]["ElsomSecretArn"])
    return list(json.loads(answer["SecretString"])["webhookSecrets"])
