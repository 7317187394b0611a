"""boto3's clients, made nowhere else. They give up early, so that a function can still respond."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"total_max_attempts": 2, "mode": "standard"},
    tcp_keepalive=True,
)


@cache
def client(service: str) -> Any:
    """The process's client of an AWS service."""
    make: Callable[..., Any] = boto3.client  # its types know one name at a time
    return make(service, config=_CONFIG)
