"""An AWS account that answers as it is told, in shapes that botocore itself checks."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from cli.target import Target

STACK = "elsom-payments"
REGION = "eu-central-1"
ACCOUNT = "111122223333"
ARN = f"arn:aws:iam::{ACCOUNT}"
TABLE = f"{STACK}-PaymentsTable-1ABCDEFGHIJKL"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ElsomSecret-a1B2c3-Xy9Zz0"
ROLE = f"{STACK}-ApiGatewayLogsRole-Ab1Cd2Ef3Gh4"
STACK_ID = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/6b1f3a20"

type Answers = dict[str, Any]


def refused(code: str, message: str = "refused") -> ClientError:
    """AWS's refusal of any operation."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


NO_STACK = refused("ValidationError", f"Stack with id {STACK} does not exist")

# A new account in which all is well and nothing is deployed, as AWS answers.
EMPTY_ACCOUNT: Answers = {
    "sts GetCallerIdentity": {
        "UserId": "AROAEXAMPLE:operator",
        "Account": ACCOUNT,
        "Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Operator/operator",
    },
    "cloudformation DescribeStacks": NO_STACK,
    "cloudformation DescribeStackEvents": NO_STACK,
    "cloudformation ListStackResources": NO_STACK,
    "lambda GetAccountSettings": {
        "AccountLimit": {
            "TotalCodeSize": 80530636800,
            "CodeSizeUnzipped": 262144000,
            "CodeSizeZipped": 52428800,
            "ConcurrentExecutions": 1000,
            "UnreservedConcurrentExecutions": 1000,
        },
        "AccountUsage": {"TotalCodeSize": 0, "FunctionCount": 0},
    },
    "service-quotas GetServiceQuota": {"Quota": {"QuotaCode": "L-F7858A77", "Value": 20.0}},
    "service-quotas GetAWSDefaultServiceQuota": {"Quota": {"Value": 300.0}},
    "apigateway GetAccount": {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    },
    "iam GetRole": refused("NoSuchEntity"),
    "iam ListRoles": {"Roles": [], "IsTruncated": False},
    "dynamodb ListTables": {"TableNames": ["orders"]},
    "dynamodb Scan": {"Items": [], "Count": 0, "ScannedCount": 0},
    "secretsmanager ListSecrets": {"SecretList": []},
    "logs DescribeLogGroups": {"logGroups": []},
    "events DescribeEventBus": refused("ResourceNotFoundException"),
    "ssm GetParameter": refused("ParameterNotFound"),
}


class FakeAccount(Target):
    """A stack's place in an account whose answers a test sets; it keeps what was asked."""

    def __init__(self, answers: Mapping[str, Any], stack: str = STACK) -> None:
        super().__init__(stack, _session())
        self.answers = copy.copy(dict(answers))
        self.queried: list[str] = []

    def again(self) -> FakeAccount:
        return FakeAccount(self.answers, self.stack)

    def client(self, service: str) -> Any:
        made = self.session.client(service)  # type: ignore[call-overload] # any service's name
        made.meta.events.register(f"before-call.{_event_name(made)}", self._answer)
        return made

    def _answer(self, model: Any, params: Any, **_: Any) -> tuple[Any, Any]:
        operation = f"{model.service_model.service_name} {model.name}"
        self.queried.append(operation)
        answer = self.answers[operation]
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Exception):
            raise answer
        if model.output_shape is not None:
            report = ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), f"{operation}: {report.generate_report()}"
        return SimpleNamespace(status_code=200, headers={}), copy.deepcopy(answer)


@cache
def _session() -> boto3.session.Session:
    """One for all tests: reading botocore's models again for each would take most of their time."""
    return boto3.session.Session("test", "test", region_name=REGION)


def _event_name(client: Any) -> str:
    return str(client.meta.service_model.service_id.hyphenize())


def described(status: str, *, outputs: bool = False, **more: Any) -> Answers:
    """DescribeStacks of one stack; a stack that never came up has no `Outputs` at all."""
    stack: Answers = {
        "StackId": STACK_ID,
        "StackName": STACK,
        "CreationTime": "2026-11-24T09:00:00Z",
        "StackStatus": status,
        "Parameters": [
            {"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()
        ],
        **more,
    }
    if outputs:
        stack["Outputs"] = [
            {"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()
        ]
    return {"Stacks": [stack]}


def event(logical_id: str, status: str, reason: str | None = None) -> Answers:
    """One event of the stack; CloudFormation leaves the reason out where there is none."""
    made = {
        "StackId": STACK_ID,
        "EventId": f"{logical_id}-{status}",
        "StackName": STACK,
        "LogicalResourceId": logical_id,
        "ResourceStatus": status,
        "Timestamp": "2026-11-24T09:00:00Z",
    }
    return {**made, **({"ResourceStatusReason": reason} if reason else {})}


def resource(logical_id: str, status: str, physical_id: str | None = None) -> Answers:
    """One line of ListStackResources; a resource that was never made has no physical id."""
    made = {
        "LogicalResourceId": logical_id,
        "ResourceType": "AWS::Example::Type",
        "ResourceStatus": status,
        "LastUpdatedTimestamp": "2026-11-24T09:00:00Z",
    }
    return {**made, **({"PhysicalResourceId": physical_id} if physical_id else {})}


PARAMETERS = {
    "ElsomInitUrl": "https://elsom.example:10690/init",
    "ElsomStatusUrl": "https://elsom.example:10690/status",
    "ElsomCaBundleParameter": "",
    "ElsomMaxConcurrency": "5",
    "ManageApiGatewayAccount": "true",
}
OUTPUTS = {
    "ApiUrl": f"https://a1b2c3d4e5.execute-api.{REGION}.amazonaws.com/v1",
    "ElsomSecretArn": SECRET,
    "PaymentsTableName": TABLE,
    "EventBusName": STACK,
    "ChecksQueueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{STACK}-ChecksQueue-1",
    "DeadLetterQueueUrls": ",".join(
        f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{STACK}-{name}-1"
        for name in ("ChecksDeadLetterQueue", "WebhooksDeadLetterQueue", "UnpublishedQueue")
    ),
    "PaymentsCallerPolicyArn": f"{ARN}:policy/{STACK}-PaymentsCallerPolicy-1",
    "DashboardName": "Dashboard-1",
}

# A first creation that failed, and was rolled back: what AWS left, newest event first.
ROLLED_BACK: Answers = {
    **EMPTY_ACCOUNT,
    "cloudformation DescribeStacks": described("ROLLBACK_COMPLETE"),
    "cloudformation DescribeStackEvents": {
        "StackEvents": [
            event(STACK, "ROLLBACK_COMPLETE"),
            event("PaymentsTable", "DELETE_SKIPPED"),
            event(STACK, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create"),
            event("PaymentsBus", "CREATE_FAILED", "Resource creation cancelled"),
            event(
                "ElsomSecret",
                "CREATE_FAILED",
                "All characters of the desired type have been excluded.",
            ),
            event("PaymentsTable", "CREATE_COMPLETE"),
            event(STACK, "CREATE_IN_PROGRESS", "User Initiated"),
        ]
    },
    "cloudformation ListStackResources": {
        "StackResourceSummaries": [
            resource("PaymentsTable", "DELETE_SKIPPED", TABLE),
            resource("ElsomSecret", "CREATE_FAILED"),
            resource("PaymentsBus", "DELETE_COMPLETE"),
            resource("PaymentsRestApi", "DELETE_COMPLETE", "a1b2c3d4e5"),
        ]
    },
    "dynamodb ListTables": {"TableNames": ["orders", TABLE]},
}
