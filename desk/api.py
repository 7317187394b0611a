"""What the desk needs of the payments API; the Python client is the one that has it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Protocol

from elsom_payments_client import Case, Page, Payment, Report, SentEvent

# No person waits longer: what takes more is said to be unreachable.
DEADLINE_SECONDS = 10.0


class Api(Protocol):
    """One stack's API. Every method raises ElsomPaymentsError."""

    def get(self, payment_id: str) -> Payment:
        """One payment."""

    def timeline(self, payment_id: str) -> list[dict[str, Any]]:
        """What happened to it."""

    def events(self, payment_id: str) -> list[SentEvent]:
        """What the shop was sent about it."""

    def check(self, payment_id: str, *, requested_by: str | None = None) -> Payment:
        """Have Elsom queried now."""

    def resend(self, payment_id: str, *, requested_by: str | None = None) -> str:
        """Have the last event sent again; its id."""

    def list_page(
        self,
        *,
        status: str | None = None,
        order_id: str | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        paid_since: datetime | str | None = None,
        paid_until: datetime | str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page[Payment]:
        """One page of payments."""

    def report(self, day: date | str) -> Report:
        """A day's totals."""

    def cases_page(
        self, state: str = "open", *, limit: int = 100, cursor: str | None = None
    ) -> Page[Case]:
        """One page of cases."""

    def resolve_case(self, case_id: str, note: str, *, resolved_by: str | None = None) -> Case:
        """Close a case."""
