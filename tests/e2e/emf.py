"""What CloudWatch makes of a stack's metrics: values out of log lines, alarms out of values."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import Any, Final

from payments.telemetry import Metric
from tests.deployed import Deployed
from tests.template.transform import source

_COMPARE: Final = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


def alarm(name: str) -> dict[str, Any]:
    """An alarm as the template has it."""
    found: dict[str, Any] = source()["Resources"][f"{name}Alarm"]["Properties"]
    return found


@dataclass
class Emf:
    """The metrics of one stack, read from its functions' log lines (embedded metric format)."""

    stack: Deployed

    def __post_init__(self) -> None:
        resources = self.stack.cloud.client("cloudformation").describe_stack_resources(
            StackName=self.stack.outputs["StackName"]
        )["StackResources"]
        self._groups = [
            one["PhysicalResourceId"]
            for one in resources
            if one["ResourceType"] == "AWS::Logs::LogGroup"
        ]

    def values(self, metric: str, since: int) -> list[float]:
        """All values of a metric from this moment on (milliseconds)."""
        assert metric in set(Metric)
        found: list[float] = []
        for line in self._lines(since):
            for directive in line["_aws"]["CloudWatchMetrics"]:
                named = {one["Name"] for one in directive["Metrics"]}
                assert named <= set(Metric), named
                assert directive["Namespace"] == "ElsomPayments"
                assert directive["Dimensions"] == [["service"]]
                assert line["service"] == self.stack.outputs["StackName"]
                if metric in named:
                    found += line[metric]
        return found

    def value(self, name: str, since: int) -> float | None:
        """What an alarm compares, over all values from this moment on; None: there are none."""
        given = alarm(name)
        how = given.get("Statistic") or given["ExtendedStatistic"]
        return statistic(how, self.values(given["MetricName"], since))

    def crosses(self, name: str, since: int) -> bool:
        """Whether the alarm's own threshold is crossed by what was measured since then."""
        given = alarm(name)
        value = self.value(name, since)
        if value is None:
            return bool(given["TreatMissingData"] == "breaching")
        return bool(_COMPARE[given["ComparisonOperator"]](value, given["Threshold"]))

    def _lines(self, since: int) -> list[dict[str, Any]]:
        logs = self.stack.cloud.client("logs")
        found = []
        for group in self._groups:
            pages = logs.get_paginator("filter_log_events")
            # A line is written after what it tells of.
            for page in pages.paginate(logGroupName=group, startTime=since):
                for event in page["events"]:
                    if event["message"].startswith('{"_aws"'):
                        line = json.loads(event["message"])
                        if line["_aws"]["Timestamp"] >= since:
                            found.append(line)
        return found


def statistic(how: str, values: list[float]) -> float | None:
    """CloudWatch's statistic of these values."""
    if not values:
        return None
    if how.startswith("p"):
        rank = math.ceil(len(values) * float(how[1:]) / 100)
        return sorted(values)[rank - 1]
    match how:
        case "Sum":
            return sum(values)
        case "Maximum":
            return max(values)
        case "Average":
            return sum(values) / len(values)
    raise NotImplementedError(how)


def now() -> int:
    return time.time_ns() // 1_000_000
