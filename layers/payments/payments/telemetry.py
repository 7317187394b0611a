"""Logs and metrics. Only ids, counts and fixed words go in; never a body, a header or a URL."""

from __future__ import annotations

import warnings

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

__all__ = ["MetricUnit", "logger", "metrics"]

# An invocation that has nothing to count is not worth a line on stderr.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger()
metrics = Metrics()
