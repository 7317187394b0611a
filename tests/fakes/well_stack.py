"""A stack of which everything is well, as AWS describes it; each part of it in another state."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.account import (
    ACCOUNT,
    EMPTY_ACCOUNT,
    OUTPUTS,
    REGION,
    ROLE,
    SECRET,
    STACK,
    TABLE,
    described,
    event,
    resource,
)

WELL_FILLED = {
    "partnerCode": "00609",
    "password": "a password",
    "merchantMsisdn": "0901015003",
    "callbackToken": "t" * 43,
    "previousCallbackToken": "",
    "pageSigningKeys": ["k" * 43],
    "webhookSecrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
}
FUNCTIONS = ("CheckPayment", "DeliverWebhook", "PublishEvents")
INDEXES = ("due", "by-order", "by-created", "by-paid")
POLICY = OUTPUTS["PaymentsCallerPolicyArn"]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-AlarmTopic-1"


def secret(**changes: Any) -> dict[str, Any]:
    held = json.dumps({**WELL_FILLED, **changes})
    return {"secretsmanager GetSecretValue": {"ARN": SECRET, "SecretString": held}}


def mapping(state: str) -> dict[str, Any]:
    return {"lambda ListEventSourceMappings": {"EventSourceMappings": [{"State": state}]}}


def table(status: str = "ACTIVE", indexes: dict[str, str] | None = None) -> dict[str, Any]:
    states = indexes if indexes is not None else dict.fromkeys(INDEXES, "ACTIVE")
    found = [{"IndexName": name, "IndexStatus": state} for name, state in states.items()]
    shown = {"TableName": TABLE, "TableStatus": status, "GlobalSecondaryIndexes": found}
    return {"dynamodb DescribeTable": {"Table": shown}}


def backups(status: str) -> dict[str, Any]:
    described_ = {
        "ContinuousBackupsStatus": "ENABLED",
        "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": status},
    }
    return {"dynamodb DescribeContinuousBackups": {"ContinuousBackupsDescription": described_}}


def waiting(number: int) -> dict[str, Any]:
    attributes = {
        "ApproximateNumberOfMessages": str(number),
        "ApproximateNumberOfMessagesNotVisible": "0",
    }
    return {"sqs GetQueueAttributes": {"Attributes": attributes}}


def alarm(*, on: bool = True, state: str = "OK") -> dict[str, Any]:
    found = {
        "AlarmName": f"{STACK}-OpenCasesAlarm-1",
        "AlarmDescription": "Cases wait. What to do: docs/runbook.md#open-cases",
        "ActionsEnabled": on,
        "StateValue": state,
    }
    return {"cloudwatch DescribeAlarms": {"MetricAlarms": [found]}}


def subscription(arn: str) -> dict[str, Any]:
    found = {"SubscriptionArn": arn, "Protocol": "email", "TopicArn": TOPIC}
    return {"sns ListSubscriptionsByTopic": {"Subscriptions": [found]}}


RESOURCES = {
    "PaymentsTable": TABLE,
    "ElsomSecret": SECRET,
    "ApiGatewayLogsRole": ROLE,
    "PaymentsCallerPolicy": POLICY,
    "ScheduleChecksFunctionEveryMinute": f"{STACK}-EveryMinute-1",
    **{f"{name}Function": f"{STACK}-{name}Function-1" for name in FUNCTIONS},
    "OpenCasesAlarm": f"{STACK}-OpenCasesAlarm-1",
    "AlarmTopic": TOPIC,
}


def listed(*without: str) -> dict[str, Any]:
    """The stack's resources; of those named the line is there, but no physical id."""
    lines = [
        resource(name, "CREATE_FAILED" if name in without else "CREATE_COMPLETE",
                 None if name in without else physical)
        for name, physical in RESOURCES.items()
    ]  # fmt: skip
    return {"cloudformation ListStackResources": {"StackResourceSummaries": lines}}


WELL: dict[str, Any] = {
    **EMPTY_ACCOUNT,
    "cloudformation DescribeStacks": described("CREATE_COMPLETE", outputs=True),
    "cloudformation DescribeStackEvents": {"StackEvents": [event(STACK, "CREATE_COMPLETE")]},
    **listed(),
    **secret(),
    "scheduler GetSchedule": {"Name": f"{STACK}-EveryMinute-1", "State": "ENABLED"},
    **mapping("Enabled"),
    **table(),
    **backups("ENABLED"),
    **waiting(0),
    **alarm(),
    **subscription(f"{TOPIC}:6b1f3a20"),
    "iam ListEntitiesForPolicy": {"PolicyRoles": [], "PolicyUsers": [], "PolicyGroups": []},
    "dynamodb Query": {"Items": [], "Count": 0, "ScannedCount": 0},
}


def concurrency(unreserved: int) -> dict[str, Any]:
    settings = EMPTY_ACCOUNT["lambda GetAccountSettings"]
    limit = {
        **settings["AccountLimit"],
        "ConcurrentExecutions": unreserved,
        "UnreservedConcurrentExecutions": unreserved,
    }
    return {"lambda GetAccountSettings": {**settings, "AccountLimit": limit}}
