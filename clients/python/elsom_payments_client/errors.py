"""What a call can raise.

Exception
├── ApiError          the API answered with a problem
│   └── ElsomRefused  Elsom refused the payment; it is stored as failed
├── ApiUnreachable    no answer, or 429 and 5xx, after all tries: repeat with the same key
└── StillOpen         `wait` ran out of time
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A problem of the API: `name` is the last part of its type, `fields` names wrong input."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.name = str(problem.get("type", "")).rsplit(":", 1)[-1]
        self.fields: dict[str, str] = {
            error["field"]: error["message"] for error in problem.get("errors", ())
        }
        self.request = str(problem.get("instance", ""))
        super().__init__(f"{status} {self.name}: {problem.get('detail', '')} ({self.request})")


class ElsomRefused(ApiError):
    """Elsom refused the start."""

    @property
    def payment_id(self) -> str:
        """The failed payment."""
        return str(self.problem["paymentId"])

    @property
    def elsom_error_code(self) -> str:
        """Elsom's own code."""
        return str(self.problem["elsomErrorCode"])


class ApiUnreachable(Exception):
    """Nothing usable came back. For a start: repeat it with the same idempotency key."""


class StillOpen(Exception):
    """The payment has no end yet; `payment` is how it stands."""

    def __init__(self, payment: Any) -> None:
        super().__init__(f"payment {payment.id} is still {payment.status}")
        self.payment = payment
