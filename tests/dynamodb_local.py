"""AWS's own DynamoDB for tests: the reference where an emulator might be kinder than AWS is."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.fetched import fetched
from tools.local.processes import free_port

READY_SECONDS: Final = 30.0
REGION: Final = "us-east-1"


@contextmanager
def running_dynamodb_local(scratch: Path) -> Iterator[str]:
    """Yield the endpoint URL of a server in memory, ended with the context.

    Its log lies in `scratch`.
    Tables of different access keys do not meet: a test that wants its own uses its own access key.
    It listens on every address of the machine, as it has no option for another: on a random port,
    for seconds, with made-up data.
    """
    folder = fetched(".local/dynamodb-local/DynamoDBLocal.jar").parent
    port = free_port()
    command = [
        # It lives for a minute: compiling itself to the utmost would take longer than it saves.
        *("java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
        f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
        *("-jar", str(folder / "DynamoDBLocal.jar"), "-inMemory", "-disableTelemetry"),
        *("-port", str(port)),
    ]
    log = scratch / "dynamodb-local.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=scratch,
            env={**os.environ, "DDB_LOCAL_TELEMETRY": "0"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    endpoint = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(endpoint, process, log)
        yield endpoint
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_until_ready(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="ready",
        aws_secret_access_key="ready",
        config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}),
    )
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            client.list_tables()
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"DynamoDB Local did not come up: {log.read_text()}") from error
            time.sleep(0.1)
        else:
            return
