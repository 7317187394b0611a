"""Faults of what keeps something: table, secret, queues, topic, log groups."""

from __future__ import annotations

from typing import Any, Final

from tests.template.faults import GONE, Listed, another
from tests.template.secret_rules import TYPES

P: Final = "Properties/"
GSI: Final = P + "GlobalSecondaryIndexes/"
BLOCK: Final = P + "GenerateSecretString/"
ARN: Final = "Fn::GetAtt"


def _index(name: str, **given: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        **given,
    }


TABLE: Final[Listed] = {
    "an attribute is defined and is no key": (
        "PaymentsTable", P + "AttributeDefinitions",
        another({"AttributeName": "other", "AttributeType": "S"}),
    ),
    "a key is not defined": ("PaymentsTable", P + "AttributeDefinitions/4", GONE),
    "an attribute of a type that keys cannot have": (
        "PaymentsTable", P + "AttributeDefinitions/0/AttributeType", "BOOL",
    ),
    "two partition keys": ("PaymentsTable", P + "KeySchema/1/KeyType", "HASH"),
    "an unknown kind of key": ("PaymentsTable", P + "KeySchema/1/KeyType", "SORT"),
    "a sort key before the partition key": (
        "PaymentsTable", P + "KeySchema", lambda before: before[::-1],
    ),
    "one attribute twice in a key": (
        "PaymentsTable", GSI + "0/KeySchema/1/AttributeName", "dueShard",
    ),
    "two indexes of one name": ("PaymentsTable", GSI + "1/IndexName", "due"),
    "an index with a name of two letters": ("PaymentsTable", GSI + "1/IndexName", "ix"),
    "more than twenty indexes": (
        "PaymentsTable", P + "GlobalSecondaryIndexes",
        another(*(_index(f"index-{number}") for number in range(20))),
    ),
    "an index without a projection": ("PaymentsTable", GSI + "0/Projection", GONE),
    "an unknown projection": ("PaymentsTable", GSI + "0/Projection/ProjectionType", "KEYS"),
    "an index that includes what it does not name": (
        "PaymentsTable", GSI + "0/Projection/ProjectionType", "INCLUDE",
    ),
    "an index's throughput where requests are paid": (
        "PaymentsTable", GSI + "0/ProvisionedThroughput",
        {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    ),
    "a throughput where requests are paid": (
        "PaymentsTable", P + "ProvisionedThroughput",
        {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    ),
    "neither a throughput nor payment by request": ("PaymentsTable", P + "BillingMode", GONE),
    "an unknown way to pay": ("PaymentsTable", P + "BillingMode", "ON_DEMAND"),
    "an unknown view of the stream": (
        "PaymentsTable", P + "StreamSpecification/StreamViewType", "NEW_AND_OLD_IMAGE",
    ),
    "a time to live without an attribute": (
        "PaymentsTable", P + "TimeToLiveSpecification", {"Enabled": True},
    ),
    "a time to live in a key": (
        "PaymentsTable", P + "TimeToLiveSpecification/AttributeName", "dueAt",
    ),
    "a table with a blank in its name": ("PaymentsTable", P + "TableName", "payments table"),
    "an unknown property of a table": ("PaymentsTable", P + "StreamViewType", "NEW_IMAGE"),
    "backups that are no map": (
        "PaymentsTable", P + "PointInTimeRecoverySpecification", True,
    ),
    "a table's encryption by a key that is not switched on": (
        "PaymentsTable", P + "SSESpecification",
        {"SSEEnabled": False, "KMSMasterKeyId": "alias/own"},
    ),
}  # fmt: skip

SECRET: Final[Listed] = {
    "every character of an included type is excluded": (
        "ElsomSecret", P + "GenerateSecretString",
        lambda before: {
            **{key: value for key, value in before.items() if key != "ExcludePunctuation"},
            "ExcludeCharacters": TYPES["punctuation"][1],
        },
    ),
    "digits are excluded one by one": ("ElsomSecret", BLOCK + "ExcludeCharacters", "0123456789"),
    "a generated value of no character": ("ElsomSecret", BLOCK + "PasswordLength", 0),
    "a generated value that is too long": ("ElsomSecret", BLOCK + "PasswordLength", 5000),
    "a generated value shorter than its types": ("ElsomSecret", BLOCK + "PasswordLength", 2),
    "a template of a secret that is no JSON": (
        "ElsomSecret", BLOCK + "SecretStringTemplate", '{"partnerCode":',
    ),
    "a key to generate without a template": ("ElsomSecret", BLOCK + "SecretStringTemplate", GONE),
    "a secret that is given and generated": ("ElsomSecret", P + "SecretString", "{}"),
    "a secret's key that is none": ("ElsomSecret", P + "KmsKeyId", {"Ref": "ChecksQueue"}),
    "a secret's name with a blank": ("ElsomSecret", P + "Name", "elsom secret"),
    "a description of a secret that is too long": ("ElsomSecret", P + "Description", "x" * 2049),
}  # fmt: skip

QUEUES: Final[Listed] = {
    "messages kept for less than a minute": ("ChecksQueue", P + "MessageRetentionPeriod", 59),
    "messages kept for more than two weeks": (
        "WebhooksQueue", P + "MessageRetentionPeriod", 1_209_601,
    ),
    "messages kept for less long than their receives take": (
        "ChecksQueue", P + "MessageRetentionPeriod", 1319,
    ),
    "a message hidden for more than twelve hours": (
        "ChecksQueue", P + "VisibilityTimeout", 43_201,
    ),
    "a message delayed by more than fifteen minutes": ("ChecksQueue", P + "DelaySeconds", 901),
    "a wait for messages that is too long": (
        "ChecksQueue", P + "ReceiveMessageWaitTimeSeconds", 21,
    ),
    "a message may be larger than there are": ("ChecksQueue", P + "MaximumMessageSize", 1_048_577),
    "no receive before the dead-letter queue": (
        "ChecksQueue", P + "RedrivePolicy/maxReceiveCount", 0,
    ),
    "more receives than there may be": ("ChecksQueue", P + "RedrivePolicy/maxReceiveCount", 1001),
    "a redrive policy without a count": (
        "ChecksQueue", P + "RedrivePolicy/maxReceiveCount", GONE,
    ),
    "a dead-letter queue that is not there": (
        "ChecksQueue", P + "RedrivePolicy/deadLetterTargetArn",
        {"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:gone"},
    ),
    "a dead-letter queue that is a queue's URL": (
        "ChecksQueue", P + "RedrivePolicy/deadLetterTargetArn", {"Ref": "ChecksDeadLetterQueue"},
    ),
    "a dead-letter queue that keeps messages for less long than its queue": (
        "WebhooksQueue", P + "RedrivePolicy/deadLetterTargetArn", {ARN: ["ChecksQueue", "Arn"]},
    ),
    "a FIFO queue with a plain dead-letter queue": ("ChecksQueue", P + "FifoQueue", True),
    "a FIFO name for a plain queue": ("ChecksQueue", P + "QueueName", "checks.fifo"),
    "a queue's name with a dot": ("UnpublishedQueue", P + "QueueName", "un.published"),
    "a queue encrypted in two ways": ("ChecksQueue", P + "KmsMasterKeyId", "alias/aws/sqs"),
    "a queue's key that is used for too long": (
        "ChecksQueue", P + "KmsDataKeyReusePeriodSeconds", 86_401,
    ),
    "a queue's policy for a queue that is not given by its URL": (
        "WebhooksQueuePolicy", P + "Queues", [{ARN: ["WebhooksQueue", "Arn"]}],
    ),
    "a queue's unknown permission to redrive": (
        "ChecksDeadLetterQueue", P + "RedriveAllowPolicy", {"redrivePermission": "denySome"},
    ),
    "a dead-letter queue that takes from no queue": (
        "ChecksDeadLetterQueue", P + "RedriveAllowPolicy", {"redrivePermission": "denyAll"},
    ),
    "a queue that is its own dead-letter queue": (
        "ChecksQueue", P + "RedrivePolicy/deadLetterTargetArn", {ARN: ["ChecksQueue", "Arn"]},
    ),
    "a queue's policy that lets nobody in": (
        "WebhooksQueuePolicy", P + "PolicyDocument/Statement/0/Effect", "Deny",
    ),
    "a queue's policy on another queue": (
        "WebhooksQueuePolicy", P + "PolicyDocument/Statement/0/Resource",
        {ARN: ["ChecksQueue", "Arn"]},
    ),
    "a queue's policy with an unknown action": (
        "WebhooksQueuePolicy", P + "PolicyDocument/Statement/0/Action", "sqs:SendMessages",
    ),
    "a queue's policy with another service's action": (
        "WebhooksQueuePolicy", P + "PolicyDocument/Statement/0/Action", "sns:Publish",
    ),
}  # fmt: skip

REST: Final[Listed] = {
    "logs kept for a number of days that is not in the list": (
        "ApiAccessLogGroup", P + "RetentionInDays", 45,
    ),
    "a log group's name with a blank": ("StartPaymentLogGroup", P + "LogGroupName", "log group"),
    "a topic locked by AWS's own key": ("AlarmTopic", P + "KmsMasterKeyId", "alias/aws/sns"),
    "a subscription by an unknown protocol": (
        "AlarmTopic", P + "Subscription/0/Protocol", "e-mail",
    ),
    "a subscription of what is no address": (
        "AlarmTopic", P + "Subscription/0/Endpoint", "operator",
    ),
    "a topic's name with a blank": ("AlarmTopic", P + "TopicName", "alarm topic"),
    "a display name of a topic that is too long": ("AlarmTopic", P + "DisplayName", "x" * 101),
    "a topic's policy on a topic that is not there": (
        "AlarmTopicPolicy", P + "Topics", ["arn:aws:sns:eu-central-1:123456789012:gone"],
    ),
    "a topic's policy of another service": (
        "AlarmTopicPolicy", P + "PolicyDocument/Statement/0/Action", "sqs:SendMessage",
    ),
    "a tag of AWS's own": ("ChecksQueue", P + "Tags", [{"Key": "aws:own", "Value": "x"}]),
    "a tag twice": ("AlarmTopic", P + "Tags", [{"Key": "a", "Value": "1"}] * 2),
    "a tag that is too long": ("PaymentsTable", P + "Tags", [{"Key": "a", "Value": "x" * 257}]),
    "a topic's encryption that is no text": ("AlarmTopic", P + "KmsMasterKeyId", {"key": "x"}),
}  # fmt: skip

STORES: Final = {**TABLE, **SECRET, **QUEUES, **REST}
