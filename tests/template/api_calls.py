"""The calls that CloudFormation's handlers make for a resource, with its properties."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.template.iam import listed
from tests.template.stack import Resource, Stack
from tests.template.transform import Json


@dataclass(frozen=True)
class Call:
    """One operation of a service, by boto3's names."""

    logical_id: str
    service: str
    operation: str
    parameters: Json


@cache
def code() -> bytes:
    """A bundle that holds nothing but a handler."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as bundle:
        bundle.writestr("handler.py", "def lambda_handler(event, context): ...\n")
    return held.getvalue()


def calls(stack: Stack) -> Iterator[Call]:
    """All calls, in an order in which each finds what it needs."""
    for kind, make in HANDLERS.items():
        # A dead-letter queue is made before the queue that names it.
        for one in sorted(stack.of(kind), key=lambda each: "RedrivePolicy" in each.properties):
            for service, operation, parameters in make(stack, one):
                yield Call(one.logical_id, service, operation, parameters)


type Made = Iterator[tuple[str, str, Json]]


def _less(properties: Json, *names: str) -> Json:
    return {key: value for key, value in properties.items() if key not in names}


def _tags(properties: Json) -> dict[str, str]:
    given = properties.get("Tags") or {}
    if isinstance(given, dict):
        return {str(key): str(value) for key, value in given.items()}
    return {str(one["Key"]): str(one["Value"]) for one in given}


def _log_group(_: Stack, one: Resource) -> Made:
    name = {"logGroupName": one.name}
    yield "logs", "CreateLogGroup", name
    if "RetentionInDays" in one.properties:
        days = int(one.properties["RetentionInDays"])
        yield "logs", "PutRetentionPolicy", {**name, "retentionInDays": days}


def _managed_policy(_: Stack, one: Resource) -> Made:
    given = one.properties
    document = json.dumps(given.get("PolicyDocument"))
    described = {"Description": given["Description"]} if "Description" in given else {}
    yield "iam", "CreatePolicy", {"PolicyName": one.name, "PolicyDocument": document, **described}


def _role(_: Stack, one: Resource) -> Made:
    given = one.properties
    optional: Json = {key: given[key] for key in ("Description", "Path") if key in given}
    if "MaxSessionDuration" in given:
        optional["MaxSessionDuration"] = int(given["MaxSessionDuration"])
    trust = json.dumps(given.get("AssumeRolePolicyDocument"))
    role = {"RoleName": one.name}
    yield "iam", "CreateRole", {**role, "AssumeRolePolicyDocument": trust, **optional}
    for policy in given.get("Policies", []):
        document = json.dumps(policy.get("PolicyDocument"))
        named = {"PolicyName": policy.get("PolicyName"), "PolicyDocument": document}
        yield "iam", "PutRolePolicy", {**role, **named}
    for arn in given.get("ManagedPolicyArns", []):
        yield "iam", "AttachRolePolicy", {**role, "PolicyArn": arn}


def _table(_: Stack, one: Resource) -> Made:
    given = one.properties
    wanted = _less(
        given, "PointInTimeRecoverySpecification", "TimeToLiveSpecification", "Tags", "TableName",
        "StreamSpecification",
    )  # fmt: skip
    if "StreamSpecification" in given:
        wanted["StreamSpecification"] = {"StreamEnabled": True, **given["StreamSpecification"]}
    if "SSESpecification" in given:
        wanted["SSESpecification"] = {
            {"SSEEnabled": "Enabled"}.get(key, key): value
            for key, value in given["SSESpecification"].items()
        }
    table = {"TableName": one.name}
    # moto keeps a protected table from its own cleaning up.
    yield "dynamodb", "CreateTable", {**table, **_less(wanted, "DeletionProtectionEnabled")}
    if "TimeToLiveSpecification" in given:
        ttl = given["TimeToLiveSpecification"]
        yield "dynamodb", "UpdateTimeToLive", {**table, "TimeToLiveSpecification": ttl}
    if "PointInTimeRecoverySpecification" in given:
        recovery = {"PointInTimeRecoverySpecification": given["PointInTimeRecoverySpecification"]}
        yield "dynamodb", "UpdateContinuousBackups", {**table, **recovery}


def _secret(_: Stack, one: Resource) -> Made:
    block = dict(one.properties.get("GenerateSecretString") or {})
    template = block.pop("SecretStringTemplate", "{}")
    key = block.pop("GenerateStringKey", "value")
    yield "secretsmanager", "GetRandomPassword", block
    text = json.dumps({**json.loads(template), key: "x"})
    wanted = _less(one.properties, "GenerateSecretString", "Tags")
    yield "secretsmanager", "CreateSecret", {"Name": one.name, "SecretString": text, **wanted}


def _queue(_: Stack, one: Resource) -> Made:
    attributes = {
        key: json.dumps(value) if isinstance(value, dict) else str(value).removesuffix(".0")
        for key, value in _less(one.properties, "QueueName", "Tags").items()
    }
    for key in ("SqsManagedSseEnabled", "FifoQueue", "ContentBasedDeduplication"):
        if key in attributes:
            attributes[key] = attributes[key].lower()
    yield "sqs", "CreateQueue", {"QueueName": one.name, "Attributes": attributes}


def _queue_policy(_: Stack, one: Resource) -> Made:
    policy = json.dumps(one.properties.get("PolicyDocument"))
    for url in listed(one.properties.get("Queues")):
        yield "sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}}


def _topic(_: Stack, one: Resource) -> Made:
    attributes = {
        key: str(value)
        for key, value in _less(one.properties, "TopicName", "Subscription", "Tags").items()
    }
    yield "sns", "CreateTopic", {"Name": one.name, "Attributes": attributes}
    for each in one.properties.get("Subscription", []):
        wanted = {"Protocol": each.get("Protocol"), "Endpoint": each.get("Endpoint")}
        yield "sns", "Subscribe", {"TopicArn": one.arn, **wanted}


def _subscription(_: Stack, one: Resource) -> Made:
    keys = ("TopicArn", "Protocol", "Endpoint")
    yield "sns", "Subscribe", {key: one.properties.get(key) for key in keys}


def _topic_policy(_: Stack, one: Resource) -> Made:
    policy = json.dumps(one.properties.get("PolicyDocument"))
    for arn in listed(one.properties.get("Topics")):
        wanted = {"AttributeName": "Policy", "AttributeValue": policy}
        yield "sns", "SetTopicAttributes", {"TopicArn": arn, **wanted}


def _bus(_: Stack, one: Resource) -> Made:
    yield "events", "CreateEventBus", {**_less(one.properties, "Tags", "Policy"), "Name": one.name}


def _rule(_: Stack, one: Resource) -> Made:
    wanted = _less(one.properties, "Targets", "Name", "Tags")
    if "EventPattern" in wanted:
        pattern = wanted["EventPattern"]
        wanted["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
    yield "events", "PutRule", {"Name": one.name, **wanted}
    bus = {key: wanted[key] for key in ("EventBusName",) if key in wanted}
    if "Targets" in one.properties:
        yield (
            "events",
            "PutTargets",
            {"Rule": one.name, "Targets": one.properties["Targets"], **bus},
        )


def _layer(_: Stack, one: Resource) -> Made:
    wanted = _less(one.properties, "Content", "LayerName")
    name = one.properties.get("LayerName", one.name)
    yield "lambda", "PublishLayerVersion", {
        "LayerName": name, "Content": {"ZipFile": code()}, **wanted,
    }  # fmt: skip


def _function(_: Stack, one: Resource) -> Made:
    wanted = _less(one.properties, "Code", "Tags", "FunctionName", "ReservedConcurrentExecutions")
    if "Environment" in wanted:
        variables = wanted["Environment"].get("Variables", {})
        wanted["Environment"] = {
            "Variables": {key: _text(value) for key, value in variables.items()}
        }
    yield "lambda", "CreateFunction", {
        "FunctionName": one.name, "Code": {"ZipFile": code()}, "Tags": _tags(one.properties),
        **wanted,
    }  # fmt: skip
    if "ReservedConcurrentExecutions" in one.properties:
        number = one.properties["ReservedConcurrentExecutions"]
        reserved = {"ReservedConcurrentExecutions": number}
        yield "lambda", "PutFunctionConcurrency", {"FunctionName": one.name, **reserved}


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _source(_: Stack, one: Resource) -> Made:
    yield "lambda", "CreateEventSourceMapping", _less(one.properties, "Tags")


def _permission(_: Stack, one: Resource) -> Made:
    yield "lambda", "AddPermission", {"StatementId": one.name, **one.properties}


def _invocation(_: Stack, one: Resource) -> Made:
    yield "lambda", "PutFunctionEventInvokeConfig", one.properties


def _alarm(_: Stack, one: Resource) -> Made:
    yield "cloudwatch", "PutMetricAlarm", {"AlarmName": one.name, **one.properties}


def _dashboard(_: Stack, one: Resource) -> Made:
    body = one.properties.get("DashboardBody")
    yield "cloudwatch", "PutDashboard", {"DashboardName": one.name, "DashboardBody": body}


def _schedule(_: Stack, one: Resource) -> Made:
    yield "scheduler", "CreateSchedule", {"Name": one.name, **_less(one.properties, "Name")}


def _api(_: Stack, one: Resource) -> Made:
    body = json.dumps(one.properties.get("Body")).encode()
    yield "apigateway", "ImportRestApi", {"failOnWarnings": True, "body": body}


HANDLERS: Final[dict[str, Callable[[Stack, Resource], Made]]] = {
    "Logs::LogGroup": _log_group,
    "IAM::ManagedPolicy": _managed_policy,
    "IAM::Role": _role,
    "DynamoDB::Table": _table,
    "SecretsManager::Secret": _secret,
    "SQS::Queue": _queue,
    "SQS::QueuePolicy": _queue_policy,
    "SNS::Topic": _topic,
    "SNS::TopicPolicy": _topic_policy,
    "SNS::Subscription": _subscription,
    "Events::EventBus": _bus,
    "Events::Rule": _rule,
    "Lambda::LayerVersion": _layer,
    "Lambda::Function": _function,
    "Lambda::EventSourceMapping": _source,
    "Lambda::Permission": _permission,
    "Lambda::EventInvokeConfig": _invocation,
    "CloudWatch::Alarm": _alarm,
    "CloudWatch::Dashboard": _dashboard,
    "Scheduler::Schedule": _schedule,
    "ApiGateway::RestApi": _api,
}
