"""Faults of functions, their layer, what calls them, events and schedules."""

from __future__ import annotations

import json
from typing import Final

from tests.template.faults import GONE, Listed

P: Final = "Properties/"
ARN: Final = "Fn::GetAtt"
CHECK, PUBLISH = "CheckPaymentFunction", "PublishEventsFunction"
CHECKS, CHANGES = "CheckPaymentFunctionChecks", "PublishEventsFunctionChanges"
VARIABLES: Final = P + "Environment/Variables/"
MINUTE, INVOKED = "ScheduleChecksFunctionEveryMinute", "ScheduleChecksFunctionEventInvokeConfig"
PERMITTED: Final = "StartPaymentFunctionStartPermissionv1"
AT: Final = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"

FUNCTIONS: Final[Listed] = {
    "too little memory": (CHECK, P + "MemorySize", 100),
    "too much memory": (CHECK, P + "MemorySize", 40_000),
    "a time-out of more than fifteen minutes": (CHECK, P + "Timeout", 901),
    "no time at all": (CHECK, P + "Timeout", 0),
    "an unknown runtime": (CHECK, P + "Runtime", "python3.99"),
    "a runtime that AWS has given up": (CHECK, P + "Runtime", "python3.7"),
    "a runtime that the layer is not for": (CHECK, P + "Runtime", "python3.12"),
    "an unknown processor": (CHECK, P + "Architectures", ["arm"]),
    "two processors": (CHECK, P + "Architectures", ["arm64", "x86_64"]),
    "an environment of more than 4 KB": (CHECK, VARIABLES + "LARGE", "x" * 4096),
    "a variable that is reserved": (CHECK, VARIABLES + "AWS_REGION", "eu-central-1"),
    "a variable with a hyphen": (CHECK, VARIABLES + "LOG-LEVEL", "INFO"),
    "a variable that is a list": (CHECK, VARIABLES + "HOSTS", ["a", "b"]),
    "no handler": (CHECK, P + "Handler", GONE),
    "a handler with a blank": (CHECK, P + "Handler", "handler lambda_handler"),
    "a role by its name": (CHECK, P + "Role", {"Ref": "CheckPaymentRole"}),
    "a role that is not there": (
        CHECK, P + "Role", {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/gone"},
    ),
    "a role that another service takes": (CHECK, P + "Role", {ARN: ["ScheduleRole", "Arn"]}),
    "a layer that is not there": (
        CHECK, P + "Layers", [{"Fn::Sub": AT % ("lambda", "layer:gone:1")}],
    ),
    "a layer without a version": (
        CHECK, P + "Layers", [{"Fn::Sub": AT % ("lambda", "layer:gone")}],
    ),
    "six layers": (CHECK, P + "Layers", lambda before: before * 6),
    "a log group that is not there": (CHECK, P + "LoggingConfig/LogGroup", "gone"),
    "a log format that is not there": (CHECK, P + "LoggingConfig/LogFormat", "Jason"),
    "an unknown way of tracing": (CHECK, P + "TracingConfig/Mode", "Passive"),
    "subnets without security groups": (CHECK, P + "VpcConfig", {"SubnetIds": ["subnet-0a1b2c3d"]}),
    "a security group among the subnets": (
        CHECK, P + "VpcConfig", {"SubnetIds": ["sg-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]},
    ),
    "too little storage": (CHECK, P + "EphemeralStorage", {"Size": 100}),
    "a description that is too long": (CHECK, P + "Description", "x" * 257),
    "a function's name that is too long": (CHECK, P + "FunctionName", "x" * 65),
    "a negative number of reserved functions": (CHECK, P + "ReservedConcurrentExecutions", -1),
    "a function that names its table by its ARN": (
        CHECK, VARIABLES + "PAYMENTS_TABLE", {ARN: ["PaymentsTable", "Arn"]},
    ),
    "a function that names a queue by its ARN": (
        CHECK, VARIABLES + "CHECKS_QUEUE_URL", {ARN: ["ChecksQueue", "Arn"]},
    ),
    "a function that is traced without the right": (CHECK, P + "TracingConfig/Mode", "Active"),
    "a dead-letter queue that a function may not send to": (
        CHECK, P + "DeadLetterConfig", {"TargetArn": {ARN: ["WebhooksDeadLetterQueue", "Arn"]}},
    ),
    "an image with a handler": (CHECK, P + "PackageType", "Image"),
    "too much storage": (CHECK, P + "EphemeralStorage", {"Size": 10_241}),
    "a level of logs that are no JSON": (
        CHECK, P + "LoggingConfig", {"LogFormat": "Text", "ApplicationLogLevel": "INFO"},
    ),
    "a snapshot of what it is not": (CHECK, P + "SnapStart", {"ApplyOn": "AllVersions"}),
    "an unknown property of a function": (CHECK, P + "TimeOut", 20),
    "a layer for no runtime": ("PaymentsLayer*", P + "CompatibleRuntimes", ["python13"]),
    "a layer for another processor": ("StartPaymentFunction", P + "Architectures", ["riscv64"]),
    "a layer without its code": ("PaymentsLayer*", P + "Content", {"S3Bucket": "bucket"}),
}  # fmt: skip

SOURCES: Final[Listed] = {
    "a queue that hides messages for less long than its function runs": (
        CHECKS, P + "FunctionName", {"Ref": PUBLISH},
    ),
    "a concurrency of one": (CHECKS, P + "ScalingConfig/MaximumConcurrency", 1),
    "a concurrency of more than a thousand": (
        CHECKS, P + "ScalingConfig/MaximumConcurrency", 1001,
    ),
    "a batch above ten without a window": (CHECKS, P + "BatchSize", 11),
    "a batch that is too large": (CHANGES, P + "BatchSize", 10_001),
    "a window of more than five minutes": (CHANGES, P + "MaximumBatchingWindowInSeconds", 301),
    "a starting position of a queue": (CHECKS, P + "StartingPosition", "LATEST"),
    "no starting position of a stream": (CHANGES, P + "StartingPosition", GONE),
    "an unknown starting position": (CHANGES, P + "StartingPosition", "BEGINNING"),
    "a bisected batch of a queue": (CHECKS, P + "BisectBatchOnFunctionError", True),
    "a capped stream": (CHANGES, P + "ScalingConfig", {"MaximumConcurrency": 5}),
    "more retries than there may be": (CHANGES, P + "MaximumRetryAttempts", 10_001),
    "a record older than a stream keeps it": (CHANGES, P + "MaximumRecordAgeInSeconds", 604_801),
    "a record's age below a minute": (CHANGES, P + "MaximumRecordAgeInSeconds", 59),
    "more batches of a shard at once than ten": (CHANGES, P + "ParallelizationFactor", 11),
    "an unknown kind of response": (CHECKS, P + "FunctionResponseTypes", ["ReportFailures"]),
    "a stream given by its table": (
        CHANGES, P + "EventSourceArn", {ARN: ["PaymentsTable", "Arn"]},
    ),
    "an event source that is switched off": (CHANGES, P + "Enabled", False),
    "a queue given by its URL": (CHECKS, P + "EventSourceArn", {"Ref": "ChecksQueue"}),
    "a queue that is not there": (
        CHECKS, P + "EventSourceArn", {"Fn::Sub": AT % ("sqs", "gone")},
    ),
    "a queue that the role may not read": (
        CHECKS, P + "EventSourceArn", {ARN: ["WebhooksQueue", "Arn"]},
    ),
    "an event source of a function that is not there": (CHECKS, P + "FunctionName", "gone"),
    "a filter that is no JSON": (
        CHANGES, P + "FilterCriteria/Filters/0/Pattern", '{"dynamodb":{"NewImage":',
    ),
    "a filter with a text instead of a list": (
        CHANGES, P + "FilterCriteria/Filters/0/Pattern", '{"eventName":"INSERT"}',
    ),
    "a filter of what a record does not have": (
        CHANGES, P + "FilterCriteria/Filters/0/Pattern", '{"NewImage":{"kind":{"S":["payment"]}}}',
    ),
    "a filter with an unknown comparison": (
        CHANGES, P + "FilterCriteria/Filters/0/Pattern", '{"eventName":[{"begins":"I"}]}',
    ),
    "six filters": (
        CHANGES, P + "FilterCriteria/Filters",
        [{"Pattern": json.dumps({"eventName": [str(number)]})} for number in range(6)],
    ),
    "a destination that the role may not send to": (
        CHANGES, P + "DestinationConfig/OnFailure/Destination", {ARN: ["ChecksQueue", "Arn"]},
    ),
    "a destination of nowhere": (CHANGES, P + "DestinationConfig", {"OnFailure": {}}),
    "a destination that is a queue's URL": (
        CHANGES, P + "DestinationConfig/OnFailure/Destination", {"Ref": "UnpublishedQueue"},
    ),
    "an event that is kept for less than a minute": (INVOKED, P + "MaximumEventAgeInSeconds", 59),
    "more than two retries of an event": (INVOKED, P + "MaximumRetryAttempts", 3),
    "an invocation of an alias that is not there": (INVOKED, P + "Qualifier", "live"),
    "an invocation of a function that is not there": (INVOKED, P + "FunctionName", "gone"),
    "a permission of a function that is not there": (PERMITTED, P + "FunctionName", "gone"),
    "a permission of an unknown action": (PERMITTED, P + "Action", "lambda:Call"),
    "a permission of no service": (PERMITTED, P + "Principal", "apigateway"),
    "a permission of every account's APIs": (PERMITTED, P + "SourceArn", GONE),
    "a permission of another API": (
        PERMITTED, P + "SourceArn", {"Fn::Sub": AT % ("execute-api", "z9y8x7w6v5/*/POST/payments")},
    ),
}  # fmt: skip

EVENTS: Final[Listed] = {
    "a pattern that is a list": ("WebhooksRule", P + "EventPattern", [{"source": ["a"]}]),
    "a pattern with a text instead of a list": (
        "WebhooksRule", P + "EventPattern/source", "elsom.payments",
    ),
    "a pattern with a number instead of a list": ("WebhooksRule", P + "EventPattern/source", 1),
    "a pattern of what an event does not have": (
        "WebhooksRule", P + "EventPattern/detailType", ["payment.paid"],
    ),
    "an empty pattern": ("WebhooksRule", P + "EventPattern", {}),
    "a pattern with an unknown comparison": (
        "WebhooksRule", P + "EventPattern/source", [{"starts-with": "elsom"}],
    ),
    "a comparison of numbers with a text": (
        "WebhooksRule", P + "EventPattern/detail", {"sequence": [{"numeric": [">", "1"]}]},
    ),
    "neither a pattern nor a schedule": ("WebhooksRule", P + "EventPattern", GONE),
    "a schedule on a bus of one's own": (
        "WebhooksRule", P + "ScheduleExpression", "rate(5 minutes)",
    ),
    "an unknown state of a rule": ("WebhooksRule", P + "State", "ON"),
    "a bus that is not there": ("WebhooksRule", P + "EventBusName", "gone"),
    "a target that is not there": (
        "WebhooksRule", P + "Targets/0/Arn", {"Fn::Sub": AT % ("sqs", "gone")},
    ),
    "a target whose policy does not let the rule in": (
        "WebhooksRule", P + "Targets/0/Arn", {ARN: ["ChecksQueue", "Arn"]},
    ),
    "a dead-letter queue whose policy does not let the rule in": (
        "WebhooksRule", P + "Targets/0/DeadLetterConfig/Arn", {ARN: ["UnpublishedQueue", "Arn"]},
    ),
    "two inputs of a target": ("WebhooksRule", P + "Targets/0/Input", "{}"),
    "a path into an event that is none": ("WebhooksRule", P + "Targets/0/InputPath", "detail"),
    "an input that is no JSON": (
        "WebhooksRule", P + "Targets/0",
        lambda before: {**{k: v for k, v in before.items() if k != "InputPath"}, "Input": "{"},
    ),
    "two targets of one id": ("WebhooksRule", P + "Targets", lambda before: before * 2),
    "a target without an id": ("WebhooksRule", P + "Targets/0/Id", GONE),
    "more targets than five": (
        "WebhooksRule", P + "Targets",
        lambda before: [{**before[0], "Id": f"t{number}"} for number in range(6)],
    ),
    "a bus with a blank in its name": ("PaymentsBus", P + "Name", "elsom payments"),
    "the default bus's name": ("PaymentsBus", P + "Name", "default"),
    "a rate of zero": (MINUTE, P + "ScheduleExpression", "rate(0 minutes)"),
    "a rate of an unknown unit": (MINUTE, P + "ScheduleExpression", "rate(1 second)"),
    "a cron expression of five fields": (MINUTE, P + "ScheduleExpression", "cron(* * * * *)"),
    "a cron expression with two days": (MINUTE, P + "ScheduleExpression", "cron(0 8 1 * MON *)"),
    "a cron expression with minute 60": (MINUTE, P + "ScheduleExpression", "cron(60 8 * * ? *)"),
    "a time zone that is not there": (MINUTE, P + "ScheduleExpressionTimezone", "Asia/Frunze2"),
    "a flexible window without a length": (MINUTE, P + "FlexibleTimeWindow", {"Mode": "FLEXIBLE"}),
    "an unknown window": (MINUTE, P + "FlexibleTimeWindow/Mode", "NONE"),
    "no window": (MINUTE, P + "FlexibleTimeWindow", GONE),
    "more retries of a schedule than there may be": (
        MINUTE, P + "Target/RetryPolicy/MaximumRetryAttempts", 186,
    ),
    "an event of a schedule that is kept for too short": (
        MINUTE, P + "Target/RetryPolicy/MaximumEventAgeInSeconds", 59,
    ),
    "a schedule's target by its name": (
        MINUTE, P + "Target/Arn", {"Ref": "ScheduleChecksFunction"},
    ),
    "a schedule's role that it may not take": (
        MINUTE, P + "Target/RoleArn", {ARN: ["CheckPaymentRole", "Arn"]},
    ),
    "a schedule's role that may not call its target": (
        MINUTE, P + "Target/Arn", {ARN: [CHECK, "Arn"]},
    ),
    "a schedule's role by its name": (MINUTE, P + "Target/RoleArn", {"Ref": "ScheduleRole"}),
    "an input of a schedule that is no JSON": (MINUTE, P + "Target/Input", "{minute}"),
    "an unknown state of a schedule": (MINUTE, P + "State", "PAUSED"),
    "a schedule's group that is not there": (MINUTE, P + "GroupName", "shops"),
    "a schedule that is switched off": (MINUTE, P + "State", "DISABLED"),
}  # fmt: skip

FUNCTION_FAULTS: Final = {**FUNCTIONS, **SOURCES, **EVENTS}
