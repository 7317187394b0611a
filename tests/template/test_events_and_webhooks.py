"""The bus, the rule, the queue of webhooks, and the two functions that tell."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.template.transform import OTHER, PLAIN, Json, of_type, only, resolve, transform

WEBHOOK_URL = "https://shop.example/hook"
ARN = "Fn::GetAtt"


def source_of(template: Json, function: str) -> Json:
    """The one event source of a function."""
    (found,) = (
        mapping["Properties"]
        for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values()
        if mapping["Properties"]["FunctionName"] == {"Ref": function}
    )
    return dict(found)


def properties(template: Json, name: str) -> Json:
    return dict(template["Resources"][name]["Properties"])


def test_the_bus_has_the_stacks_name_and_nothing_else_a_name(transformed: Json) -> None:
    assert only(transformed, "AWS::Events::EventBus")["Name"] == {"Fn::Sub": "${AWS::StackName}"}
    assert "Name" not in only(transformed, "AWS::Events::Rule")
    assert transformed["Outputs"]["EventBusName"]["Value"] == {"Ref": "PaymentsBus"}


def test_the_rule_hands_the_detail_of_every_event_to_the_queue(transformed: Json) -> None:
    rule = only(transformed, "AWS::Events::Rule")
    assert rule["EventBusName"] == {"Ref": "PaymentsBus"}
    assert rule["EventPattern"] == {"source": ["elsom.payments"]}
    (target,) = rule["Targets"]
    assert target["Arn"] == {ARN: ["WebhooksQueue", "Arn"]}
    assert target["InputPath"] == "$.detail"
    assert target["DeadLetterConfig"] == {"Arn": {ARN: ["WebhooksDeadLetterQueue", "Arn"]}}


@pytest.mark.parametrize(
    ("values", "state"),
    [(PLAIN, "DISABLED"), ({**OTHER, "ShopWebhookUrl": WEBHOOK_URL}, "ENABLED")],
)
def test_the_rule_works_only_where_the_shop_wants_webhooks(
    values: dict[str, str], state: str
) -> None:
    template = transform(values)
    assert resolve(only(template, "AWS::Events::Rule")["State"], values) == state
    assert "DeliverWebhookFunction" in template["Resources"]
    environment = properties(template, "DeliverWebhookFunction")["Environment"]["Variables"]
    expected = values.get("ShopWebhookUrl", "")
    assert resolve(environment["SHOP_WEBHOOK_URL"], values) == expected


@pytest.mark.parametrize("queue", ["WebhooksQueue", "WebhooksDeadLetterQueue"])
def test_only_this_rule_of_the_bus_may_send_to_the_queues(transformed: Json, queue: str) -> None:
    (policy,) = (
        one["Properties"]
        for one in of_type(transformed, "AWS::SQS::QueuePolicy").values()
        if one["Properties"]["Queues"] == [{"Ref": queue}]
    )
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == {ARN: [queue, "Arn"]}
    rule = {ARN: ["WebhooksRule", "Arn"]}
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": rule}}


def test_the_stream_is_read_from_its_beginning_and_nothing_is_skipped(transformed: Json) -> None:
    source = source_of(transformed, "PublishEventsFunction")
    assert source["EventSourceArn"] == {ARN: ["PaymentsTable", "StreamArn"]}
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["BisectBatchOnFunctionError"] is True
    assert source["MaximumRetryAttempts"] == -1
    assert source["MaximumRecordAgeInSeconds"] == 86400
    dead_letters = {"Destination": {ARN: ["UnpublishedQueue", "Arn"]}}
    assert source["DestinationConfig"] == {"OnFailure": dead_letters}


def test_only_what_can_be_told_wakes_the_publisher(transformed: Json) -> None:
    source = source_of(transformed, "PublishEventsFunction")
    (given,) = source["FilterCriteria"]["Filters"]
    pattern = {"dynamodb": {"NewImage": {"kind": {"S": ["payment", "case", "unknown"]}}}}
    assert json.loads(given["Pattern"]) == pattern


def test_a_shop_that_hangs_cannot_take_the_accounts_concurrency(transformed: Json) -> None:
    source = source_of(transformed, "DeliverWebhookFunction")
    assert source["EventSourceArn"] == {ARN: ["WebhooksQueue", "Arn"]}
    assert source["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert source["BatchSize"] == 1
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_queue_hides_a_webhook_long_enough_and_keeps_it_long(transformed: Json) -> None:
    queue = properties(transformed, "WebhooksQueue")
    time_out = properties(transformed, "DeliverWebhookFunction")["Timeout"]
    # Finding the name takes up to 5 s, the try itself up to 15 s.
    assert time_out >= 5 + 15 + 5
    assert queue["VisibilityTimeout"] >= 6 * time_out
    redrive = queue["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == {ARN: ["WebhooksDeadLetterQueue", "Arn"]}
    assert redrive["maxReceiveCount"] >= 10


@pytest.mark.parametrize(
    "queue", ["ChecksDeadLetterQueue", "WebhooksDeadLetterQueue", "UnpublishedQueue"]
)
def test_each_queue_that_should_stay_empty_is_kept_two_weeks_and_has_an_alarm(
    transformed: Json, queue: str
) -> None:
    assert properties(transformed, queue)["MessageRetentionPeriod"] == 14 * 86400
    dimension: list[dict[str, Any]] = [{"Name": "QueueName", "Value": {ARN: [queue, "QueueName"]}}]
    (alarm,) = (
        one["Properties"]
        for one in of_type(transformed, "AWS::CloudWatch::Alarm").values()
        if one["Properties"].get("Dimensions") == dimension
    )
    assert alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarm["Threshold"] == 1
    assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_only_who_tells_may_put_events_and_only_on_this_bus(transformed: Json) -> None:
    bus = {ARN: ["PaymentsBus", "Arn"]}
    tellers = set()
    for name, role in of_type(transformed, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement.get("Action") == "events:PutEvents":
                    assert statement["Resource"] == bus
                    tellers.add(name)
    assert tellers == {"PublishEventsRole", "PaymentsApiRole"}
