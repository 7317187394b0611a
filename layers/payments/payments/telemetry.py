"""Logs and metrics. They hold ids, counts and fixed codes, never a body, a header or a URL."""

from __future__ import annotations

import json
import warnings
from enum import StrEnum
from functools import partial

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

# Powertools warns of every invocation without a metric.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# JSON in ASCII: characters that act on a terminal are escaped.
logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
metrics = Metrics()


class Metric(StrEnum):
    """All metrics. Their only dimension, `service`, is the stack's name.

    Each name is billed in every hour in which it is used.
    """

    # Changes of payments, counted from the table's stream.
    STARTED = "Started"
    START_UNKNOWN = "StartUnknown"
    PAID = "Paid"
    PAID_SOM = "PaidSom"
    # 0 or 1 for each payment that became paid: 1 where the schedule found it, not a notification.
    PAID_UNNOTIFIED = "PaidUnnotified"
    ENDED_UNPAID = "EndedUnpaid"
    CASE_OPENED = "CaseOpened"
    DISAGREEMENT = "Disagreement"
    RECORD_UNPUBLISHED = "RecordUnpublished"
    # Elsom. The first is 0 or 1 for each call.
    ELSOM_NO_RESPONSE = "ElsomNoResponse"
    ELSOM_LATENCY = "ElsomLatency"
    NOTIFICATION_RECEIVED = "NotificationReceived"
    NOTIFICATION_REFUSED = "NotificationRefused"
    NOTIFICATION_UNCONFIRMED = "NotificationUnconfirmed"
    # Too many unknown ids wait, so Elsom is not queried about this one.
    UNKNOWN_NOT_QUERIED = "UnknownNotQueried"
    # Written by the schedule, every minute.
    SCHEDULE_RUN = "ScheduleRun"
    OLDEST_WAIT = "OldestWait"
    OPEN_CASES = "OpenCases"
    # The shop.
    WEBHOOK_DELIVERED = "WebhookDelivered"
    WEBHOOK_FAILED = "WebhookFailed"


def count(metric: Metric, number: float = 1) -> None:
    """Add a number to a metric."""
    metrics.add_metric(metric, MetricUnit.Count, number)


def measure(metric: Metric, milliseconds: float) -> None:
    """Record how long something took or has waited."""
    metrics.add_metric(metric, MetricUnit.Milliseconds, milliseconds)
