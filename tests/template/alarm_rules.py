"""What CloudWatch says of alarms and dashboards, and whether their metrics exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from payments.telemetry import Metric
from tests.template.iam import resource_allows
from tests.template.stack import Finding, Resource, Stack

STATISTICS: Final = {"Average", "Maximum", "Minimum", "SampleCount", "Sum"}
EXTENDED: Final = re.compile(
    r"p(\d{1,2}(\.\d{1,10})?|100)|(tm|wm|tc|ts|pr)(\d{1,2}(\.\d+)?|100)|iqm"
    r"|(TM|WM|TC|TS|PR)\([^)]*\)|IQM"
)
OPERATORS: Final = {
    "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "GreaterThanUpperThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold",
    "LessThanOrEqualToThreshold", "LessThanThreshold",
}  # fmt: skip
VIEWS: Final = {"bar", "gauge", "pie", "singleValue", "table", "timeSeries"}
MISSING: Final = {"breaching", "ignore", "missing", "notBreaching"}
# Names of metrics, and the sets of dimensions that they come with; each dimension's value is the
# name of a resource of these types, or one of these words.
QUEUE: Final = [{"QueueName": ["SQS::Queue"]}]
FUNCTION: Final = [{"FunctionName": ["Lambda::Function"]}, {}]
TABLE: Final = [{"TableName": ["DynamoDB::Table"]}]
CALLS: Final = [
    {"TableName": ["DynamoDB::Table"], "Operation": ["="]},
    {"TableName": ["DynamoDB::Table"], "Operation": ["="], "StreamLabel": ["="]},
]
INDEX: Final = [*TABLE, {"TableName": ["DynamoDB::Table"], "GlobalSecondaryIndexName": ["="]}]
API: Final = [
    {"ApiName": ["ApiGateway::RestApi"]},
    {"ApiName": ["ApiGateway::RestApi"], "Stage": ["ApiGateway::Stage"]},
]
KNOWN: Final[dict[str, tuple[str, list[dict[str, list[str]]]]]] = {
    "AWS/SQS": (
        ("ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesDelayed"
        " ApproximateNumberOfMessagesNotVisible ApproximateNumberOfMessagesVisible"
        " NumberOfEmptyReceives NumberOfMessagesDeleted NumberOfMessagesReceived"
        " NumberOfMessagesSent SentMessageSize"), QUEUE),
    "AWS/Lambda": (
        ("AsyncEventAge AsyncEventsDropped AsyncEventsReceived ConcurrentExecutions"
        " DeadLetterErrors DestinationDeliveryFailures Duration Errors Invocations IteratorAge"
        " ProvisionedConcurrencyInvocations RecursiveInvocationsDropped Throttles"), FUNCTION),
    "AWS/ApiGateway": (("4XXError 5XXError CacheHitCount CacheMissCount Count IntegrationLatency"
                       " Latency"), API),
    "AWS/DynamoDB": (
        ("ConditionalCheckFailedRequests ConsumedReadCapacityUnits ConsumedWriteCapacityUnits"
        " ReadThrottleEvents WriteThrottleEvents TimeToLiveDeletedItemCount"), INDEX),
    "AWS/Events": (
        ("DeadLetterInvocations FailedInvocations InvocationAttempts Invocations"
        " InvocationsFailedToBeSentToDlq InvocationsSentToDlq MatchedEvents ThrottledRules"
        " TriggeredRules"),
        [{"EventBusName": ["Events::EventBus"], "RuleName": ["Events::Rule"]},
         {"RuleName": ["Events::Rule"]}, {"EventBusName": ["Events::EventBus"]}]),
    "AWS/Scheduler": (("InvocationAttemptCount InvocationDroppedCount TargetErrorCount"
                      " TargetErrorThrottledCount"), [{"ScheduleGroup": ["="]}, {}]),
    "AWS/SNS": (("NumberOfMessagesPublished NumberOfNotificationsDelivered"
                " NumberOfNotificationsFailed"), [{"TopicName": ["SNS::Topic"]}]),
}  # fmt: skip
OF_CALLS: Final = {"ReturnedBytes", "ReturnedItemCount", "ReturnedRecordsCount",
                   "SuccessfulRequestLatency", "SystemErrors", "ThrottledRequests"}  # fmt: skip
OPERATIONS: Final = {
    "BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan",
    "TransactGetItems", "TransactWriteItems", "UpdateItem",
}  # fmt: skip
OF_STREAMS: Final = {"GetRecords"}
# Metrics of ours, by namespace: their one dimension is the stack's name.
OURS: Final = "ElsomPayments"


def alarms(stack: Stack) -> Iterator[Finding]:
    """Alarms and dashboards."""
    yield from stack.each({"CloudWatch::Alarm": _alarm, "CloudWatch::Dashboard": _dashboard})


def _alarm(stack: Stack, one: Resource) -> Iterator[str]:
    given = one.properties
    if given.get("ComparisonOperator") not in OPERATORS:
        yield f"there is no comparison {given.get('ComparisonOperator')}"
    if given.get("TreatMissingData", "missing") not in MISSING:
        yield f"missing data is not {given['TreatMissingData']}"
    yield from _actions(stack, one)
    evaluations = int(given.get("EvaluationPeriods", 0))
    points = int(given.get("DatapointsToAlarm", evaluations))
    if not 1 <= points <= evaluations:
        yield f"{points} of {evaluations} periods cannot ring"
    if str(given.get("ActionsEnabled", True)).lower() == "false":
        yield "tells nobody"
    if "Metrics" in given:
        if (
            sum(str(each.get("ReturnData", True)).lower() == "true" for each in given["Metrics"])
            != 1
        ):
            yield "not one of its metrics is what it looks at"
        for each in given["Metrics"]:
            if metric := each.get("MetricStat"):
                yield from _period(metric.get("Period"), evaluations)
                yield from _statistic({"Statistic": metric.get("Stat")}, extended=True)
                yield from _metric(stack, metric.get("Metric") or {})
        return
    if "Threshold" not in given:
        yield "has no threshold"
    yield from _period(given.get("Period"), evaluations)
    yield from _statistic(given, extended=False)
    yield from _metric(stack, given)


def _period(period: Any, evaluations: int) -> Iterator[str]:
    seconds = int(period or 0)
    if seconds not in (10, 20, 30) and (seconds < 60 or seconds % 60):
        yield f"a period is 10, 20, 30 or whole minutes, not {period} s"
    most = 604_800 if seconds >= 3600 else 86_400
    if seconds * evaluations > most:
        yield f"looks back for {seconds * evaluations} s, more than {most}"


def _statistic(given: dict[str, Any], *, extended: bool) -> Iterator[str]:
    plain, more = given.get("Statistic"), given.get("ExtendedStatistic")
    if (plain is None) == (more is None):
        yield "has no statistic, or two"
    known = plain in STATISTICS or (extended and EXTENDED.fullmatch(str(plain)))
    if plain is not None and not known:
        yield f"there is no statistic {plain}"
    if more is not None and not EXTENDED.fullmatch(str(more)):
        yield f"there is no statistic {more}"
    low = given.get("EvaluateLowSampleCountPercentile")
    if low is not None and (more is None or low not in ("evaluate", "ignore")):
        yield f"few samples of no percentile, or {low}"


def _metric(stack: Stack, given: dict[str, Any]) -> Iterator[str]:
    namespace, name = str(given.get("Namespace")), str(given.get("MetricName"))
    dimensions = {
        str(each.get("Name")): str(each.get("Value")) for each in given.get("Dimensions") or []
    }
    if len(dimensions) != len(given.get("Dimensions") or []):
        yield "has a dimension twice"
    yield from exists(stack, namespace, name, dimensions)


def exists(stack: Stack, namespace: str, name: str, dimensions: dict[str, str]) -> Iterator[str]:
    """Whether something emits this metric with these dimensions."""
    if namespace == OURS:
        if name not in set(Metric):
            yield f"nothing counts {name}"
        if dimensions != {"service": str(stack.known["AWS::StackName"])}:
            yield f"our metrics have the stack's name as `service`, not {dimensions}"
        return
    if namespace not in KNOWN:
        yield f"there is no namespace {namespace}"
        return
    words, sets = KNOWN[namespace]
    if namespace == "AWS/DynamoDB" and name in OF_CALLS:
        sets = CALLS
    elif name not in words.split():
        yield f"{namespace} has no metric {name}"
    yield from _operation(dimensions)
    for kinds in sets:
        if set(kinds) == set(dimensions):
            for dimension, value in dimensions.items():
                yield from _value(stack, kinds[dimension], dimension, value)
            return
    yield f"{namespace} {name} does not come with {sorted(dimensions)}"


def _operation(dimensions: dict[str, str]) -> Iterator[str]:
    operation = dimensions.get("Operation", "Query")
    if operation not in OPERATIONS | OF_STREAMS:
        yield f"a table has no operation {operation}"
    if (operation in OF_STREAMS) != ("StreamLabel" in dimensions):
        yield f"{operation} comes with the stream's label, others do not"


def _value(stack: Stack, kinds: list[str], dimension: str, value: str) -> Iterator[str]:
    if kinds == ["="]:
        return
    names = {
        str(one.properties.get("Name", one.name)) if "RestApi" in one.kind else one.name
        for one in stack.of(*kinds)
    }
    if value not in names:
        yield f"there is no {dimension} {value}"


def _actions(stack: Stack, one: Resource) -> Iterator[str]:
    for name in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        actions = one.properties.get(name) or []
        if len(actions) > 5:
            yield f"{name} are more than five"
        for arn in actions:
            yield from _action(stack, one, str(arn))


def _action(stack: Stack, one: Resource, arn: str) -> Iterator[str]:
    topic = stack.named(arn, "SNS::Topic")
    if topic is None:
        yield f"there is no action {arn}"
        return
    owners = [
        policy.logical_id
        for policy in stack.of("SNS::TopicPolicy")
        if topic.ref in (policy.properties.get("Topics") or [])
    ]
    if not resource_allows(
        stack, owners, "cloudwatch.amazonaws.com", "sns:Publish", topic.arn, one.arn
    ):
        yield f"{topic.logical_id} with {owners} does not let CloudWatch publish"


def _dashboard(stack: Stack, one: Resource) -> Iterator[str]:
    try:
        body = json.loads(str(one.properties.get("DashboardBody")))
    except ValueError as error:
        yield f"its body is no JSON: {error}"
        return
    widgets = body.get("widgets") or []
    if not 1 <= len(widgets) <= 500:
        yield f"has {len(widgets)} widgets"
    for widget in widgets:
        yield from _widget(stack, widget)


def _widget(stack: Stack, widget: dict[str, Any]) -> Iterator[str]:
    x, y = int(widget.get("x", 0)), int(widget.get("y", 0))
    width, height = int(widget.get("width", 6)), int(widget.get("height", 6))
    if x < 0 or y < 0 or not 1 <= width <= 24 or height < 1 or x + width > 24:
        yield f"a widget does not fit the grid: {x}, {y}, {width}, {height}"
    if widget.get("type") not in ("alarm", "explorer", "log", "metric", "text"):
        yield f"there is no widget {widget.get('type')}"
    properties = widget.get("properties") or {}
    yield from _shown(properties)
    if widget.get("type") == "metric" and not {"annotations", "metrics"} & set(properties):
        yield "a widget of metrics shows none"
    if widget.get("type") == "metric" and "region" not in properties:
        yield "a widget of metrics has no region"
    for arn in properties.get("alarms", []):
        if not stack.named(arn, "CloudWatch::Alarm"):
            yield f"there is no alarm {arn}"
    if properties.get("region", stack.region) != stack.region:
        yield f"looks into {properties['region']}"
    for row in properties.get("metrics", []):
        yield from _row(stack, row)


def _shown(properties: dict[str, Any]) -> Iterator[str]:
    """How a widget shows its metrics."""
    if "stat" in properties:
        yield from _statistic({"Statistic": properties["stat"]}, extended=True)
    if properties.get("view", "timeSeries") not in VIEWS:
        yield f"there is no view {properties['view']}"
    seconds = int(properties.get("period", 300))
    if seconds not in (1, 5, 10, 20, 30) and (seconds < 60 or seconds % 60):
        yield f"there is no period of {seconds} s"


def _row(stack: Stack, row: Any) -> Iterator[str]:
    parts = [part for part in row if isinstance(part, str)]
    options = [part for part in row if isinstance(part, dict)]
    if options and "expression" in options[0]:
        return
    if len(parts) < 2 or len(parts) % 2:
        yield f"{row} is no metric"
        return
    stat = options[0].get("stat") if options else None
    if stat is not None:
        yield from _statistic({"Statistic": stat}, extended=True)
    namespace, name, *rest = parts
    yield from exists(stack, namespace, name, dict(zip(rest[::2], rest[1::2], strict=True)))
