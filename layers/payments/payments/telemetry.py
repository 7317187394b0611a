"""Logs and metrics. Only ids, counts and fixed words go in; never a body, a header or a URL."""

from __future__ import annotations

import json
import warnings
from enum import StrEnum
from functools import partial

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

__all__ = ["Metric", "count", "logger", "measure", "metrics"]

# An invocation that has nothing to count is not worth a line on stderr.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# As ASCII: what a terminal would act on is written out, whoever it came from.
logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
metrics = Metrics()


class Metric(StrEnum):
    """All there is to count or measure; the only dimension, `service`, is the stack's name.

    Each name is billed in every hour in which it was used.
    """

    # Changes of payments, counted from the table's stream.
    STARTED = "Started"
    START_UNKNOWN = "StartUnknown"
    PAID = "Paid"
    PAID_SOM = "PaidSom"
    # 0 or 1 for each payment that a notification or the schedule found paid.
    PAID_UNNOTIFIED = "PaidUnnotified"
    ENDED_UNPAID = "EndedUnpaid"
    CASE_OPENED = "CaseOpened"
    DISAGREEMENT = "Disagreement"
    RECORD_UNPUBLISHED = "RecordSetAside"
    # Elsom's side.
    # 0 or 1 for each call.
    ELSOM_NO_RESPONSE = "ElsomSilent"
    ELSOM_LATENCY = "ElsomLatency"
    NOTIFICATION_RECEIVED = "NotificationReceived"
    NOTIFICATION_REFUSED = "NotificationRefused"
    NOTIFICATION_UNCONFIRMED = "NotificationUnconfirmed"
    # Too many unknown ids wait: Elsom is not queried about this one.
    UNKNOWN_NOT_QUERIED = "UnknownNotQueried"
    # The schedule's own look around, every minute.
    SCHEDULE_RUN = "ScheduleRun"
    OLDEST_WAIT = "OldestWait"
    OPEN_CASES = "OpenCases"
    # The shop's side.
    WEBHOOK_DELIVERED = "WebhookDelivered"
    WEBHOOK_FAILED = "WebhookFailed"


def count(metric: Metric, number: float = 1) -> None:
    """Count something of this invocation."""
    metrics.add_metric(metric, MetricUnit.Count, number)


def measure(metric: Metric, milliseconds: float) -> None:
    """Note how long something took or has waited."""
    metrics.add_metric(metric, MetricUnit.Milliseconds, milliseconds)
