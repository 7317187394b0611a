"""AWS's own DynamoDB runs here, and refuses what AWS refuses."""

import base64
import hashlib
import subprocess
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.dynamodb_local import running_dynamodb_local
from tools import dynamodb_local as fetched
from tools.local.processes import port_is_free


@pytest.mark.needs("java", "npm")
def test_a_conditional_put_is_refused_as_on_aws(tmp_path: Path) -> None:
    with running_dynamodb_local(tmp_path) as endpoint:
        table = boto3.client("dynamodb", endpoint_url=endpoint)
        table.create_table(
            TableName="payments",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        item = {"pk": {"S": "1"}}
        table.put_item(TableName="payments", Item=item)
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            table.put_item(
                TableName="payments", Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
    assert port_is_free(int(endpoint.rpartition(":")[2]))


def test_another_archive_than_the_pinned_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pack(command: list[str], *, cwd: Path, **_: object) -> subprocess.CompletedProcess[str]:
        (cwd / "package.tgz").write_bytes(b"something else")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", pack)
    with pytest.raises(fetched.FetchError, match="not the archive that was pinned"):
        fetched.fetch(tmp_path)


def test_the_pin_is_a_sha_512() -> None:
    assert len(base64.b64decode(fetched.SHA512, validate=True)) == hashlib.sha512().digest_size
