"""The table, the secret and the queues."""

from __future__ import annotations

import json
import re

from tests.template.secret_rules import included
from tests.template.transform import OTHER, PLAIN, Json, holds, of_type, only, resolve, transform

# Generated once for a live stack. CloudFormation generates the value again, over the live one, when
# any of this changes: so it never changes.
FROZEN_SECRET = {
    "SecretStringTemplate": (
        '{"partnerCode":"","password":"","merchantMsisdn":"","previousCallbackToken":"",'
        '"pageSigningKeys":[],"webhookSecrets":[]}'
    ),
    "GenerateStringKey": "callbackToken",
    "PasswordLength": 43,
    "ExcludePunctuation": True,
}
INDEXES = {
    "due": ("dueShard", "dueAt"),
    "by-order": ("orderId", "createdAt"),
    "by-created": ("createdDay", "createdAt"),
    "by-paid": ("paidDay", "paidAt"),
}


def test_table_and_secret_outlive_the_stack(transformed: Json) -> None:
    for name in ("PaymentsTable", "ElsomSecret"):
        resource = transformed["Resources"][name]
        assert resource["UpdateReplacePolicy"] == "Retain", name
    # A table is never deleted; a secret that a failed first creation made holds nothing.
    assert transformed["Resources"]["PaymentsTable"]["DeletionPolicy"] == "Retain"
    assert transformed["Resources"]["ElsomSecret"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_the_table_cannot_be_deleted_outside_sandbox_mode() -> None:
    protected = only(transform(PLAIN), "AWS::DynamoDB::Table")["DeletionProtectionEnabled"]
    assert resolve(protected, PLAIN) is True
    assert resolve(protected, {**PLAIN, "SandboxMode": "true"}) is False


def test_the_table_is_on_demand_encrypted_and_recoverable(transformed: Json) -> None:
    table = only(transformed, "AWS::DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_indexes_hold_keys_only(transformed: Json) -> None:
    found = {}
    for index in only(transformed, "AWS::DynamoDB::Table")["GlobalSecondaryIndexes"]:
        assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        found[index["IndexName"]] = tuple(key["AttributeName"] for key in index["KeySchema"])
    assert found == INDEXES


def test_the_generated_secret_block_is_frozen(transformed: Json) -> None:
    assert only(transformed, "AWS::SecretsManager::Secret")["GenerateSecretString"] == FROZEN_SECRET


def test_only_the_token_is_generated_and_the_rest_is_empty(transformed: Json) -> None:
    block = only(transformed, "AWS::SecretsManager::Secret")["GenerateSecretString"]
    placeholders = json.loads(block["SecretStringTemplate"])
    assert block["GenerateStringKey"] == "callbackToken" not in placeholders
    assert not any(placeholders.values())


def test_the_generated_token_fits_into_a_url_and_cannot_be_guessed(transformed: Json) -> None:
    block = only(transformed, "AWS::SecretsManager::Secret")["GenerateSecretString"]
    left = "".join(included(block).values())
    assert all(re.fullmatch("[A-Za-z0-9]", character) for character in left)
    assert len(left) ** block["PasswordLength"] > 2**250


def is_text(resource: Json, key: str) -> bool:
    """A name given outright; a reference to another resource is none."""
    return "Ref" not in resource["Properties"][key]


def test_nothing_has_a_physical_name(transformed: Json) -> None:
    names = {
        "TableName",
        "QueueName",
        "FunctionName",
        "RoleName",
        "LogGroupName",
        "ManagedPolicyName",
    }
    for logical_id, resource in transformed["Resources"].items():
        named = {key for key in names & set(resource["Properties"]) if is_text(resource, key)}
        assert not named, logical_id
    assert "Name" not in only(transformed, "AWS::Scheduler::Schedule")


def test_queues_are_encrypted(transformed: Json) -> None:
    for name, queue in of_type(transformed, "AWS::SQS::Queue").items():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True, name


def test_a_message_that_never_succeeds_is_moved_aside_before_it_is_forgotten(
    transformed: Json,
) -> None:
    queue = transformed["Resources"]["ChecksQueue"]["Properties"]
    redrive = queue["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["ChecksDeadLetterQueue", "Arn"]}
    assert redrive["maxReceiveCount"] >= 10
    hidden = redrive["maxReceiveCount"] * queue["VisibilityTimeout"]
    # It may wait before its first receive and after each: the alarm on the age rang long before.
    waits = (redrive["maxReceiveCount"] + 1) * 900
    assert queue["MessageRetentionPeriod"] > hidden + waits
    dead_letters = transformed["Resources"]["ChecksDeadLetterQueue"]["Properties"]
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_every_log_group_forgets_after_the_given_days(
    values: dict[str, str], transformed: Json
) -> None:
    groups = of_type(transformed, "AWS::Logs::LogGroup")
    assert len(groups) == len(of_type(transformed, "AWS::Lambda::Function")) + 1
    for name, group in groups.items():
        days = int(resolve(group["Properties"]["RetentionInDays"], values))
        assert days == int(values.get("LogRetentionDays", "90")), name


def test_the_api_gateway_account_follows_its_parameter() -> None:
    assert holds("ManagesApiGatewayAccount", PLAIN)
    assert not holds("ManagesApiGatewayAccount", OTHER)
