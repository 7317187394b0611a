"""The payment: its fields, and how its status may change. Pure: no clock, no I/O.

Statuses, with every change that exists (none leaves `paid`):

    created ──accepted──▶ pending ──A──▶ paid
       │ │                 │  └─2/3/4──▶ expired / cancelled / failed ──A──▶ paid (late)
       │ └──not known──▶ start_unknown ──(as pending)
       └──refused, or never sent──▶ failed
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec


class Status(StrEnum):
    """The status of a payment."""

    CREATED = "created"
    START_UNKNOWN = "start_unknown"
    PENDING = "pending"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


class ElsomStatus(StrEnum):
    """Elsom's answer to a status query, in its own letters."""

    PAID = "A"
    IN_PROGRESS = "1"
    TIMED_OUT = "2"
    CANCELLED = "3"
    ERROR = "4"


class Reason(StrEnum):
    """Why a payment has its status."""

    ELSOM_REFUSED = "elsom-refused"
    ELSOM_UNREACHABLE = "elsom-unreachable"
    START_OUTCOME_UNKNOWN = "start-outcome-unknown"
    ELSOM_2 = "elsom-2"
    ELSOM_3 = "elsom-3"
    ELSOM_4 = "elsom-4"
    UNRESOLVED = "unresolved"


class Trigger(StrEnum):
    """What a status query was made for."""

    NOTIFICATION = "notification"
    FOLLOW_UP = "follow-up"
    SCHEDULE = "schedule"
    SHOP = "shop"
    PAGE = "page"


OPEN: Final = frozenset({Status.CREATED, Status.START_UNKNOWN, Status.PENDING})
FINAL: Final = frozenset({Status.PAID, Status.EXPIRED, Status.CANCELLED, Status.FAILED})
NEGATIVE_ANSWERS: Final = frozenset(
    {ElsomStatus.TIMED_OUT, ElsomStatus.CANCELLED, ElsomStatus.ERROR}
)

_SETTLE: Final = {
    ElsomStatus.PAID: Status.PAID,
    ElsomStatus.TIMED_OUT: Status.EXPIRED,
    ElsomStatus.CANCELLED: Status.CANCELLED,
    ElsomStatus.ERROR: Status.FAILED,
}
_ONLY_PAID: Final = {ElsomStatus.PAID: Status.PAID}

# Every change of status that an answer of Elsom can make.
AFTER_ANSWER: Final[Mapping[Status, Mapping[ElsomStatus, Status]]] = {
    Status.CREATED: _ONLY_PAID,
    Status.START_UNKNOWN: _SETTLE,
    Status.PENDING: _SETTLE,
    Status.EXPIRED: _ONLY_PAID,
    Status.CANCELLED: _ONLY_PAID,
    Status.FAILED: _ONLY_PAID,
    Status.PAID: {},
}

REASON_OF: Final[Mapping[ElsomStatus, Reason]] = {
    ElsomStatus.TIMED_OUT: Reason.ELSOM_2,
    ElsomStatus.CANCELLED: Reason.ELSOM_3,
    ElsomStatus.ERROR: Reason.ELSOM_4,
}


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The stack's timing. All in milliseconds."""

    ladder: tuple[int, ...]
    late_ladder: tuple[int, ...]
    lifetime: int
    give_up: int


class Payment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One payment as it is stored. Amount in tyiyn, times in milliseconds.

    version          rises with every write; each write is made only if it is still the same
    sequence         rises with every change of status and numbers the events; never behind the
                     clock, so that it rises also after a restore, and no event id is used twice
    attempt_at       set while a start call runs
    attempt_id       the last start call: only its outcome may be written
    queried_at       when the latest status queries began, as far as the query rule needs them
    triggered_at     a trigger that the due index keeps until an answer to a query begun after it
    trigger_queried  whether such a query has begun; the clocks of two machines cannot tell
    no_status_at     when Elsom, after the time to give up, first responded without a status
    wallet_digest    the wallet number's HMAC under a named key, to compare two numbers by
    """

    id: str
    status: Status
    amount: int
    order_id: str
    language: str
    fingerprint: str
    created_at: int
    updated_at: int
    expires_at: int
    version: int = 1
    sequence: int = 1
    customer_msisdn: str | None = None
    wallet_digest: str | None = None
    cashier_no: str | None = None
    description: str | None = None
    metadata: dict[str, str] | None = None
    return_url: str | None = None
    attempt_at: int | None = None
    attempt_id: str | None = None
    elsom_url: str | None = None
    elsom_transaction_id: str | None = None
    transaction_ids_disagree: bool = False
    status_reason: Reason | None = None
    elsom_error_code: str | None = None
    late: bool = False
    paid_at: int | None = None
    next_check_at: int | None = None
    check_step: int = 0
    queried_at: tuple[int, ...] = ()
    triggered_at: int | None = None
    trigger_queried: bool = False
    queried_by: Trigger | None = None
    queries: int = 0
    last_answer: ElsomStatus | None = None
    no_status_at: int | None = None
    disagreed_at: int | None = None
    timeline: tuple[dict[str, Any], ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether the payment has no final status yet."""
        return self.status in OPEN


def status_since(payment: Payment) -> int:
    """When the payment got its present status; later writes do not change it."""
    for entry in reversed(payment.timeline):
        if entry.get("sequence") == payment.sequence:
            return int(entry["at"])
    return payment.updated_at
