"""AWS's own DynamoDB runs here, and refuses what AWS refuses."""

from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.dynamodb_local import running_dynamodb_local
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
