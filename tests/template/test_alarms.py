"""Alarms: what each looks at, whom it tells, and that the runbook says what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from payments.telemetry import Metric
from tests.template.transform import PLAIN, ROOT, Json, holds, of_type, resolve, source

RUNBOOK = ROOT / "docs" / "runbook.md"
ARN = "Fn::GetAtt"
# Headings of the runbook that belong to no alarm.
NOT_ALARMS = {
    "before-you-begin",
    "restore-the-table",
    "rotate-the-token",
    "rotate-the-keys",
    "rotate-the-webhook-secret",
}
DIMENSION = [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]


def queue(name: str) -> list[Any]:
    return [{"Name": "QueueName", "Value": {ARN: [name, "QueueName"]}}]


PUBLISHER: list[Any] = [{"Name": "FunctionName", "Value": {"Ref": "PublishEventsFunction"}}]
API: list[Any] = [
    {"Name": "ApiName", "Value": {"Ref": "AWS::StackName"}},
    {"Name": "Stage", "Value": "v1"},
]
STREAM: list[Any] = [
    {"Name": "TableName", "Value": {"Ref": "PaymentsTable"}},
    {"Name": "Operation", "Value": "GetRecords"},
    {
        "Name": "StreamLabel",
        "Value": {"Fn::Select": [3, {"Fn::Split": ["/", {ARN: ["PaymentsTable", "StreamArn"]}]}]},
    },
]
VISIBLE, AGE = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
# Alarm: namespace, metric, dimensions, statistic, threshold. Units are AWS's own.
ON_AWS: dict[str, tuple[str, str, list[Any], str, float]] = {
    "ChecksDeadLetter": ("AWS/SQS", VISIBLE, queue("ChecksDeadLetterQueue"), "Maximum", 1),
    "WebhooksDeadLetter": ("AWS/SQS", VISIBLE, queue("WebhooksDeadLetterQueue"), "Maximum", 1),
    "Unpublished": ("AWS/SQS", VISIBLE, queue("UnpublishedQueue"), "Maximum", 1),
    "ChecksQueueAge": ("AWS/SQS", AGE, queue("ChecksQueue"), "Maximum", 300),
    "WebhooksQueueAge": ("AWS/SQS", AGE, queue("WebhooksQueue"), "Maximum", 900),
    "StreamLag": ("AWS/Lambda", "IteratorAge", PUBLISHER, "Maximum", 5 * 60 * 1000),
    "StreamLagLong": ("AWS/Lambda", "IteratorAge", PUBLISHER, "Maximum", 6 * 3600 * 1000),
    "StreamNotRead": ("AWS/DynamoDB", "SuccessfulRequestLatency", STREAM, "SampleCount", 1),
    "ApiErrors": ("AWS/ApiGateway", "5XXError", API, "Sum", 5),
}
# What comes all the time, so that nothing of it is the trouble.
STEADY = {"ScheduleNotRun", "StreamNotRead"}
ON_OUR_OWN = {
    "OldestWait",
    "StartUnknown",
    "OpenCases",
    "Disagreement",
    "ScheduleNotRun",
    "ElsomErrors",
    "ElsomSlow",
    "LostNotifications",
    "RefusedNotifications",
    "ForgedNotifications",
    "UnknownIds",
}


def alarms() -> dict[str, Json]:
    return {
        name.removesuffix("Alarm"): one["Properties"]
        for name, one in of_type(source(), "AWS::CloudWatch::Alarm").items()
    }


def test_the_alarms_are_exactly_the_known_ones() -> None:
    assert set(alarms()) == set(ON_AWS) | ON_OUR_OWN


@pytest.mark.parametrize("name", ON_AWS)
def test_an_alarm_on_awss_metrics_names_metric_dimensions_and_threshold(name: str) -> None:
    alarm = alarms()[name]
    found = (
        alarm["Namespace"],
        alarm["MetricName"],
        alarm["Dimensions"],
        alarm["Statistic"],
        alarm["Threshold"],
    )
    assert found == ON_AWS[name]
    rings = "LessThanThreshold" if name in STEADY else "GreaterThanOrEqualToThreshold"
    assert alarm["ComparisonOperator"] == rings


@pytest.mark.parametrize("name", sorted(ON_OUR_OWN))
def test_an_alarm_on_our_metrics_looks_at_this_stacks_alone(name: str) -> None:
    alarm = alarms()[name]
    assert alarm["Namespace"] == "ElsomPayments"
    assert alarm["MetricName"] in set(Metric)
    assert alarm["Dimensions"] == DIMENSION
    variables = source()["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "ElsomPayments"
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}


def test_missing_data_is_an_alarm_only_where_something_comes_all_the_time() -> None:
    for name, alarm in alarms().items():
        expected = "breaching" if name in STEADY else "notBreaching"
        assert alarm["TreatMissingData"] == expected, name


def test_an_event_source_that_is_off_rings_although_it_has_no_iterator_age() -> None:
    """What has no age keeps both alarms on the age quiet: the third one rings on no reads."""
    for name in ("StreamLag", "StreamLagLong"):
        assert alarms()[name]["TreatMissingData"] == "notBreaching"
    not_read = alarms()["StreamNotRead"]
    assert not_read["TreatMissingData"] == "breaching"
    assert not_read["ComparisonOperator"] == "LessThanThreshold"
    # Well before changes fall out of the stream.
    assert not_read["Period"] * not_read["EvaluationPeriods"] < 24 * 3600 / 6


def test_a_percentile_is_evaluated_however_few_the_calls_are() -> None:
    for name, alarm in alarms().items():
        if "ExtendedStatistic" in alarm:
            assert alarm.get("EvaluateLowSampleCountPercentile", "evaluate") == "evaluate", name
            assert 1 < alarm["DatapointsToAlarm"] < alarm["EvaluationPeriods"], name


def test_alarms_and_their_end_are_told_where_somebody_wants_to_hear_it() -> None:
    reported: list[Any] = [{"Ref": "AlarmTopic"}]
    with_email = {**PLAIN, "AlarmEmail": "operator@shop.example"}
    for name, alarm in alarms().items():
        for actions in ("AlarmActions", "OKActions"):
            assert resolve(alarm[actions], with_email) == reported, name
            assert resolve(alarm[actions], PLAIN) == {"Ref": "AWS::NoValue"}, name
    for name in ("AlarmTopic", "AlarmTopicPolicy"):
        assert source()["Resources"][name]["Condition"] == "HasAlarmEmail"
    assert holds("HasAlarmEmail", with_email)
    assert not holds("HasAlarmEmail", PLAIN)


def test_cloudwatch_can_send_to_the_topic_because_no_key_of_awss_own_locks_it() -> None:
    topic = source()["Resources"]["AlarmTopic"]["Properties"]
    assert "KmsMasterKeyId" not in topic
    policy = source()["Resources"]["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    }


def test_every_alarm_has_its_entry_in_the_runbook_and_every_entry_its_alarm() -> None:
    named = {}
    for name, alarm in alarms().items():
        found = re.search(r"docs/runbook\.md#([a-z-]+)$", alarm["AlarmDescription"])
        assert found, name
        named[name] = found[1]
    assert len(set(named.values())) == len(named)
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    assert anchors - NOT_ALARMS == set(named.values())


@pytest.mark.parametrize("part", ["Means.", "Look.", "Do.", "Over when"])
def test_every_entry_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(
    part: str,
) -> None:
    sections = re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]
    for section in sections:
        anchor = section.splitlines()[0].lower().replace(" ", "-")
        if anchor not in NOT_ALARMS:
            assert f"**{part}" in section, anchor


def dashboard() -> Json:
    body = source()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    return dict(json.loads(body))


def test_the_dashboard_answers_three_questions_and_shows_every_alarm() -> None:
    widgets = dashboard()["widgets"]
    titles = " ".join(widget["properties"]["title"] for widget in widgets)
    for prompt in ("Is money coming in?", "Is Elsom well?", "Is anyone waiting?"):
        assert prompt in titles
    shown = {name for widget in widgets for name in widget["properties"].get("alarms", [])}
    assert shown == {f"${{{name}Alarm.Arn}}" for name in alarms()}


def test_the_dashboard_shows_only_metrics_that_exist_of_this_stack() -> None:
    for widget in dashboard()["widgets"]:
        for metric in widget["properties"].get("metrics", []):
            namespace, name, *dimensions = metric[:-1]
            if namespace == "ElsomPayments":
                assert name in set(Metric)
                assert dimensions == ["service", "${AWS::StackName}"]
            else:
                assert dimensions == ["ApiName", "${AWS::StackName}", "Stage", "v1"]


def test_dashboard_widgets_do_not_overlap_and_fit_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard()["widgets"]:
        cells = {
            (column, row)
            for column in range(widget["x"], widget["x"] + widget["width"])
            for row in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert max(column for column, _ in cells) < 24
        taken |= cells
