"""The names, ids and ARNs that AWS would give to the resources of a stack, made up but in form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

STACK: Final = "elsom-payments"
CHINA, GOV = "cn-", "us-gov-"


@dataclass(frozen=True)
class Place:
    """Where a stack is."""

    region: str
    account: str

    @property
    def partition(self) -> str:
        if self.region.startswith(CHINA):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith(GOV) else "aws"

    @property
    def suffix(self) -> str:
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"

    @property
    def pseudo(self) -> dict[str, Any]:
        """The pseudo parameters."""
        stack = f"stack/{STACK}/0b1c6a3e-7b0e-4a51-9c53-5f1f6b2f7f10"
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::URLSuffix": self.suffix,
            "AWS::StackName": STACK,
            "AWS::StackId": self.arn("cloudformation", stack),
            "AWS::NotificationARNs": [],
        }

    def arn(self, service: str, rest: str, *, regional: bool = True) -> str:
        region = self.region if regional else ""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{rest}"


# The property that names a resource, where it is not `Name`.
_NAMED_BY: Final = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Lambda::LayerVersion": "LayerName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::ApiGateway::Stage": "StageName",
}
# Service and the part behind the account; `{}` is the name.
_ARNS: Final = {
    "AWS::DynamoDB::Table": ("dynamodb", "table/{}"),
    "AWS::SQS::Queue": ("sqs", "{}"),
    "AWS::SNS::Topic": ("sns", "{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Lambda::LayerVersion": ("lambda", "layer:{}:1"),
    "AWS::Lambda::EventSourceMapping": ("lambda", "event-source-mapping:{}"),
    "AWS::IAM::Role": ("iam", "role/{}"),
    "AWS::IAM::ManagedPolicy": ("iam", "policy/{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}:*"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "alarm:{}"),
    "AWS::Events::EventBus": ("events", "event-bus/{}"),
    "AWS::Events::Rule": ("events", "rule/{}"),
    "AWS::Scheduler::Schedule": ("scheduler", "schedule/default/{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{}-AbCdEf"),
}
_REF_IS_ARN: Final = {
    "AWS::SNS::Topic",
    "AWS::Lambda::LayerVersion",
    "AWS::IAM::ManagedPolicy",
    "AWS::SecretsManager::Secret",
}
STREAM_LABEL: Final = "2026-11-24T09:00:00.000"


def name_property(kind: str) -> str:
    """The property by which a resource of this type is named."""
    return _NAMED_BY.get(kind, "Name")


def generated_name(kind: str, logical_id: str) -> str:
    """A name as CloudFormation makes it, no longer than 64 characters."""
    mark = hashlib.sha256(logical_id.encode()).hexdigest()[:12].upper()
    if kind == "AWS::ApiGateway::RestApi":
        return "a1b2c3d4e5"
    if kind == "AWS::ApiGateway::Deployment":
        return mark[:6].lower()
    if kind == "AWS::Lambda::EventSourceMapping":
        return f"{mark[:8]}-0000-4000-8000-{mark}".lower()
    return f"{STACK}-{logical_id}"[:51] + f"-{mark}"


def arn_of(kind: str, name: str, place: Place, bus: str = "") -> str:
    """The ARN of a resource; of a type that is not known here, one in general form."""
    service, form = _ARNS.get(kind, (kind.split("::")[1].lower(), "{}"))
    if kind == "AWS::Events::Rule" and bus:
        form = f"rule/{bus}/{{}}"
    return place.arn(service, form.format(name), regional=service != "iam")


def ref_of(kind: str, name: str, place: Place) -> str:
    """What `Ref` gives."""
    if kind == "AWS::SQS::Queue":
        return f"https://sqs.{place.region}.{place.suffix}/{place.account}/{name}"
    return arn_of(kind, name, place) if kind in _REF_IS_ARN else name


def attribute_of(kind: str, attribute: str, name: str, place: Place, bus: str = "") -> str:
    """What `Fn::GetAtt` gives for an attribute that the type has."""
    if attribute == "StreamArn":
        return f"{arn_of(kind, name, place)}/stream/{STREAM_LABEL}"
    if attribute.endswith("Arn") or (kind, attribute) == ("AWS::SecretsManager::Secret", "Id"):
        return arn_of(kind, name, place, bus)
    return name
