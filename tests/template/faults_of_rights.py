"""Faults of policies and roles, and of the template's own language."""

from __future__ import annotations

from typing import Any, Final

from tests.template.faults import GONE, Listed, more

P: Final = "Properties/"
ARN: Final = "Fn::GetAtt"
OWN: Final = P + "Policies/0/PolicyDocument/"
FIRST: Final = OWN + "Statement/0/"
TRUST: Final = P + "AssumeRolePolicyDocument/"
ROLE: Final = "CheckPaymentRole"
CALLER: Final = P + "PolicyDocument/Statement/0/"


def _without(*actions: str) -> Any:
    """Statements of a role without these actions."""

    def change(before: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for statement in before:
            if isinstance(statement.get("Action"), list):
                statement["Action"] = [one for one in statement["Action"] if one not in actions]
        return before

    return change


POLICIES: Final[Listed] = {
    "a policy without a statement": (ROLE, OWN + "Statement", []),
    "a statement without an action": (ROLE, FIRST + "Action", GONE),
    "a statement with no action in its list": (ROLE, FIRST + "Action", []),
    "a statement without a resource": (ROLE, FIRST + "Resource", GONE),
    "a statement without an effect": (ROLE, FIRST + "Effect", GONE),
    "an unknown effect": (ROLE, FIRST + "Effect", "Permit"),
    "an unknown action": (ROLE, FIRST + "Action", "logs:PutLogEvent"),
    "an action of an unknown service": (ROLE, FIRST + "Action", "dynamo:GetItem"),
    "an action without its service": (ROLE, FIRST + "Action", "PutLogEvents"),
    "an action that does not work on the resource": (ROLE, FIRST + "Action", "sqs:SendMessage"),
    "a resource that no action works on": (
        ROLE, FIRST + "Resource",
        [{ARN: ["CheckPaymentLogGroup", "Arn"]}, {ARN: ["ChecksQueue", "Arn"]}],
    ),
    "an action that knows no resource on one": (
        ROLE, FIRST, {"Effect": "Allow", "Action": "ec2:DescribeSubnets",
                      "Resource": {ARN: ["ChecksQueue", "Arn"]}},
    ),
    "a resource by its name": (ROLE, FIRST + "Resource", {"Ref": "CheckPaymentLogGroup"}),
    "a resource in another partition": (
        ROLE, FIRST + "Resource", "arn:aws-cn:logs:cn-north-1:123456789012:log-group:x:*",
    ),
    "a principal in a role's own policy": (ROLE, FIRST + "Principal", "*"),
    "an old version of the policies' language": (ROLE, OWN + "Version", "2008-10-17"),
    "a made-up version of the policies' language": (ROLE, OWN + "Version", "2026-01-01"),
    "a Sid with a blank": (ROLE, FIRST + "Sid", "Write logs"),
    "two statements of one Sid": (
        ROLE, OWN + "Statement", lambda before: [before[0], *before],
    ),
    "an unknown key of a statement": (ROLE, FIRST + "Conditions", {}),
    "an unknown operator": (
        "ScheduleRole", TRUST + "Statement/0/Condition", {"StringIs": {"aws:SourceAccount": "1"}},
    ),
    "an unknown condition key": (
        "ScheduleRole", TRUST + "Statement/0/Condition/StringEquals",
        more(**{"aws:SourceAcount": "123456789012"}),
    ),
    "an account that is none": (
        "ScheduleRole", TRUST + "Statement/0/Condition/StringEquals/aws:SourceAccount", "1234",
    ),
    "a schedule group that is not the schedule's": (
        "ScheduleChecksFunctionEveryMinute", P + "Target/RoleArn",
        {ARN: ["ApiGatewayLogsRole", "Arn"]},
    ),
    "addresses that are none": (
        "PaymentsRestApi",
        P + "Body/x-amazon-apigateway-policy/Statement/0/Condition/IpAddress/aws:SourceIp",
        ["192.0.2.0/33"],
    ),
    "a trust policy with a resource": (ROLE, TRUST + "Statement/0/Resource", "*"),
    "a trust policy without a principal": (ROLE, TRUST + "Statement/0/Principal", GONE),
    "a trust policy of another action": (
        ROLE, TRUST + "Statement/0/Action", "lambda:InvokeFunction",
    ),
    "a service that is not there": (
        ROLE, TRUST + "Statement/0/Principal", {"Service": "lamda.amazonaws.com"},
    ),
    "a service without its domain": (ROLE, TRUST + "Statement/0/Principal", {"Service": "lambda"}),
    "an unknown sort of principal": (ROLE, TRUST + "Statement/0/Principal", {"User": "*"}),
    "a managed policy of AWS that is not there": (
        "ApiGatewayLogsRole", P + "ManagedPolicyArns",
        [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/APIGatewayPushToLogs"}],
    ),
    "a managed policy by its name": (
        "ApiGatewayLogsRole", P + "ManagedPolicyArns", ["AmazonAPIGatewayPushToCloudWatchLogs"],
    ),
    "a managed policy in a role of its own partition only": (
        "ApiGatewayLogsRole", P + "ManagedPolicyArns",
        ["arn:aws-us-gov:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"],
    ),
    "a role's description outside its characters": (ROLE, P + "Description", "checks ✓ платёж"),
    "a role's description that is too long": (ROLE, P + "Description", "x" * 1001),
    "a role's name that is too long": (ROLE, P + "RoleName", "x" * 65),
    "a role's session that is too short": (ROLE, P + "MaxSessionDuration", 60),
    "a policy's name with a blank": (ROLE, P + "Policies/0/PolicyName", "own policy"),
    "two policies of one name": (ROLE, P + "Policies", lambda before: before * 2),
    "inline policies that are too large": (
        ROLE, FIRST + "Resource",
        [f"arn:aws:logs:eu-central-1:123456789012:log-group:{'x' * 400}{n}:*" for n in range(30)],
    ),
    "a managed policy that is too large": (
        "PaymentsCallerPolicy", CALLER + "Resource",
        [f"arn:aws:execute-api:eu-central-1:123456789012:{'x' * 400}{n}/*" for n in range(30)],
    ),
    "a managed policy with a principal": ("PaymentsCallerPolicy", CALLER + "Principal", "*"),
    "a managed policy's description that is too long": (
        "PaymentsCallerPolicy", P + "Description", "x" * 1001,
    ),
    "a path of a role that is none": (ROLE, P + "Path", "service"),
    "a role that may not read its queue": (
        "CheckPaymentFunctionChecks", P + "EventSourceArn", {ARN: ["ChecksDeadLetterQueue", "Arn"]},
    ),
    "a queue's policy without a principal": (
        "WebhooksQueuePolicy", P + "PolicyDocument/Statement/0/Principal", GONE,
    ),
    "a queue's policy of another rule": (
        "WebhooksQueuePolicy", P + "PolicyDocument/Statement/0/Condition/ArnEquals/aws:SourceArn",
        "WebhooksRule",
    ),
}  # fmt: skip
# Where a right is missing, it is missed by what needs it.
MISSED: Final[dict[str, tuple[str, str, str, Any]]] = {
    "a role without the right to take messages": (
        "CheckPaymentFunctionChecks", ROLE, OWN + "Statement", _without("sqs:ReceiveMessage"),
    ),
    "a role without the right to delete messages": (
        "DeliverWebhookFunctionWebhooks", "DeliverWebhookRole", OWN + "Statement",
        _without("sqs:DeleteMessage"),
    ),
    "a role without the right to look at its queue": (
        "CheckPaymentFunctionChecks", ROLE, OWN + "Statement", _without("sqs:GetQueueAttributes"),
    ),
    "a role without the right to read the stream": (
        "PublishEventsFunctionChanges", "PublishEventsRole", OWN + "Statement",
        _without("dynamodb:GetRecords"),
    ),
    "a role without the right to write logs": (
        "CheckPaymentFunction", ROLE, OWN + "Statement", _without("logs:PutLogEvents"),
    ),
    "a role that no service may take": (
        "CheckPaymentFunction", ROLE, TRUST + "Statement/0/Principal",
        {"Service": "events.amazonaws.com"},
    ),
    "a schedule's role of another account": (
        "ScheduleChecksFunctionEveryMinute", "ScheduleRole",
        TRUST + "Statement/0/Condition/StringEquals/aws:SourceAccount", "999999999999",
    ),
    "a schedule's role without its right": (
        "ScheduleChecksFunctionEveryMinute", "ScheduleRole", FIRST + "Action", "lambda:GetFunction",
    ),
    "a queue that lets another rule in": (
        "WebhooksRule", "WebhooksQueuePolicy",
        P + "PolicyDocument/Statement/0/Condition/ArnEquals/aws:SourceArn",
        {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/other"},
    ),
    "a queue that lets another service in": (
        "WebhooksRule", "WebhooksQueuePolicy", P + "PolicyDocument/Statement/0/Principal",
        {"Service": "sns.amazonaws.com"},
    ),
    "a topic that lets no alarm in": (
        "OpenCasesAlarm", "AlarmTopicPolicy", P + "PolicyDocument/Statement/0/Principal",
        {"Service": "events.amazonaws.com"},
    ),
    "fewer functions reserved than the queue calls": (
        "CheckPaymentFunctionChecks", "CheckPaymentFunction", P + "ReservedConcurrentExecutions", 3,
    ),
    "a role without what subnets need": (
        "CheckPaymentFunction", ROLE, P + "ManagedPolicyArns", GONE,
    ),
    "a queue that hides messages for less long than the function runs": (
        "CheckPaymentFunctionChecks", "ChecksQueue", P + "VisibilityTimeout", 17,
    ),
    "a table without its stream": (
        "PublishEventsFunctionChanges", "PaymentsTable", P + "StreamSpecification", GONE,
    ),
    "a stream without the image that is filtered": (
        "PublishEventsFunctionChanges", "PaymentsTable", P + "StreamSpecification/StreamViewType",
        "KEYS_ONLY",
    ),
    "a permission that another route needs": (
        "PaymentsRestApi", "StartPaymentFunctionStartPermissionv1", P + "SourceArn",
        {"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:${PaymentsRestApi}/*/x"},
    ),
    "a layer that is for another processor": (
        "CheckPaymentFunction", "PaymentsLayer*", P + "CompatibleArchitectures", ["arm64"],
    ),
    "a dead-letter queue that keeps messages for a minute": (
        "ChecksQueue", "ChecksDeadLetterQueue", P + "MessageRetentionPeriod", 60,
    ),
    "a stage of another name": (
        "ApiErrorsAlarm", "PaymentsRestApiv1Stage", P + "StageName", "v2",
    ),
}  # fmt: skip

LANGUAGE: Final[Listed] = {
    "resources that wait for each other": (
        "PaymentsBus", "DependsOn", ["WebhooksRule"],
    ),
    "a role that waits for its own function": (
        ROLE, P + "Description", {ARN: ["CheckPaymentFunction", "Arn"]},
    ),
    "a resource that waits for itself": ("ChecksQueue", "DependsOn", "ChecksQueue"),
    "a resource that waits for nothing": ("ChecksQueue", "DependsOn", "Gone"),
    "an attribute that a type does not have": (
        "WebhooksRule", P + "Targets/0/Arn", {ARN: ["WebhooksQueue", "QueueArn"]},
    ),
    "an attribute of a resource that is not there": (
        "WebhooksRule", P + "Targets/0/Arn", {ARN: ["Gone", "Arn"]},
    ),
    "a reference to nothing": ("CheckPaymentFunction", P + "Description", {"Ref": "Gone"}),
    "a text with a name that is not there": (
        "CheckPaymentFunction", P + "Description", {"Fn::Sub": "for ${Gone}"},
    ),
    "a text with an attribute that is not there": (
        "CheckPaymentFunction", P + "Description", {"Fn::Sub": "for ${ChecksQueue.Urn}"},
    ),
    "a policy of creation that the type does not have": (
        "ChecksQueue", "CreationPolicy", {"ResourceSignal": {"Count": 1}},
    ),
    "properties that are no map": ("ChecksQueue", "Properties", "text"),
    "a condition of one text": ("Conditions.InSandbox", "Fn::Equals", ["true"]),
    "an export of an impossible name": ("Outputs.ApiUrl", "Export", {"Name": "api url"}),
    "a condition that is not there": ("AlarmTopic", "Condition", "HasEmail"),
    "a choice by a condition that is not there": (
        "CheckPaymentFunction", P + "Description", {"Fn::If": ["Gone", "a", "b"]},
    ),
    "a choice without the second value": (
        "CheckPaymentFunction", P + "Description", {"Fn::If": ["InSandbox", "a"]},
    ),
    "a row that the mapping does not have": (
        "CheckPaymentFunction", P + "Timeout",
        {"Fn::FindInMap": ["ElsomMaxConcurrency", "7", "Value"]},
    ),
    "a join of a text": ("CheckPaymentFunction", P + "Description", {"Fn::Join": [",", "text"]}),
    "a join without its separator": (
        "CheckPaymentFunction", P + "Description", {"Fn::Join": [["a"]]},
    ),
    "a split of a list": (
        "CheckPaymentFunction", P + "Description",
        {"Fn::Select": [0, {"Fn::Split": [",", ["a", "b"]]}]},
    ),
    "a part that a list does not have": (
        "CheckPaymentFunction", P + "Description", {"Fn::Select": [3, ["a", "b"]]},
    ),
    "a function that is not there": (
        "CheckPaymentFunction", P + "Description", {"Fn::Concat": ["a", "b"]},
    ),
    "a function beside another key": (
        "CheckPaymentFunction", P + "LoggingConfig/LogGroup",
        {"Ref": "CheckPaymentLogGroup", "Default": "x"},
    ),
    "an unknown type of resource": ("ChecksQueue", "Type", "AWS::SQS::Queues"),
    "an unknown attribute of a resource": ("ChecksQueue", "DeletePolicy", "Retain"),
    "an unknown deletion policy": ("ElsomSecret", "DeletionPolicy", "Keep"),
    "an unknown update replace policy": (
        "ElsomSecret", "UpdateReplacePolicy", "RetainExceptOnCreate",
    ),
    "a snapshot of what has none": ("PaymentsTable", "DeletionPolicy", "Snapshot"),
    "a default that does not match its own pattern": (
        "Parameters.CheckLadderSeconds", "Default", "60, 120",
    ),
    "a default that is not among the allowed": ("Parameters.Architecture", "Default", "arm"),
    "a default below its least": ("Parameters.GiveUpAfterHours", "Default", 0),
    "a default that is no number": ("Parameters.GiveUpAfterHours", "Default", "many"),
    "a pattern that is none": ("Parameters.AlarmEmail", "AllowedPattern", "^([^@"),
    "a parameter of an unknown type": ("Parameters.AlarmEmail", "Type", "Text"),
    "a parameter with an unknown key": ("Parameters.AlarmEmail", "Pattern", ".*"),
    "an output of nothing": ("Outputs.ApiUrl", "Value", {"Ref": "Gone"}),
    "an output without a value": ("Outputs.ApiUrl", "Value", GONE),
    "an output that is a list": ("Outputs.ApiUrl", "Value", ["a"]),
    "an output whose description is too long": ("Outputs.ApiUrl", "Description", "x" * 1025),
    "a rule that uses a function of resources": (
        "Rules.SandboxOnlyOnLocalAws", "RuleCondition", {"Fn::Sub": "${SandboxMode}"},
    ),
    "a rule of a parameter that is not there": (
        "Rules.SandboxOnlyOnLocalAws", "RuleCondition", {"Fn::Equals": [{"Ref": "Gone"}, "true"]},
    ),
    "a reference that is resolved from nowhere": (
        "CheckPaymentFunction", P + "Description", "{{resolve:ssm}}",
    ),
}  # fmt: skip
