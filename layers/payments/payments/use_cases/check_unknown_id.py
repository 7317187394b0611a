"""Unknown ids, named in notifications and not started here: queried seldom, after all payments."""

from __future__ import annotations

from functools import partial
from typing import Final

from msgspec.structs import replace

from payments.domain.circuit_breaker import is_open
from payments.domain.clock import DAY
from payments.domain.ids import is_id
from payments.domain.payment import ElsomStatus, Policy
from payments.elsom.gateway import NoResponse, StatusOutcome
from payments.elsom.protocol import Answered
from payments.store.inbox import Unknown, remember_unknown
from payments.store.payments import apply_step
from payments.use_cases.query_payment import CheckDeps

QUERIED_FOR: Final = DAY


def note_unknown(unknown_id: str, deps: CheckDeps) -> None:
    """Remember an id from a notification, if it has the form of ours."""
    if is_id(unknown_id):
        remember_unknown(deps.inbox, unknown_id, deps.clock())


def query_unknown_id(unknown_id: str, deps: CheckDeps) -> bool:
    """Query Elsom if this second's query is free; return whether it was queried.

    `A` is stored, and becomes a case. After `1` and after no response, the id is queried again by
    the ladder, for a day after its newest notification. Any other answer to a query begun after
    that notification ends the queries. No outcome counts for Elsom's health: strangers choose these
    ids.
    """
    now = deps.clock()
    unknown = deps.inbox.unknown(unknown_id)
    if unknown is None or unknown.next_check_at is None or unknown.next_check_at > now:
        return False
    save = deps.inbox.save_unknown
    if deps.payments.get(unknown_id) is not None:
        # A payment has got this id since: its own checks query it from here on.
        apply_step(save, unknown, lambda known: replace(known, next_check_at=None))
        return False
    if is_open(deps.schedule.circuit(), now):
        return False
    # The clock is read again: the second for all unknown ids begins now, and the reads take time.
    now = deps.clock()
    if not deps.schedule.claim_unknown_query(now):
        return False
    outcome = deps.elsom.status(unknown_id, deps.merchant())
    step = partial(
        _answered,
        queried=unknown,
        outcome=outcome,
        queried_at=now,
        now=deps.clock(),
        policy=deps.policy,
    )
    apply_step(save, unknown, step)
    return True


def _answered(
    unknown: Unknown,
    *,
    queried: Unknown,
    outcome: StatusOutcome,
    queried_at: int,
    now: int,
    policy: Policy,
) -> Unknown:
    """The id after the outcome of a query that began at `queried_at`, when it was `queried`."""
    answer = outcome.answer if isinstance(outcome, Answered) else None
    is_older = unknown.queried_at is not None and queried_at <= unknown.queried_at
    if unknown.paid_at is not None or (is_older and answer is not ElsomStatus.PAID):
        return unknown
    due = _next_check(unknown, outcome, now, policy)
    if unknown.notifications != queried.notifications and answer is not ElsomStatus.PAID:
        due = now
    return replace(
        unknown,
        queried_at=queried_at,
        last_answer=answer or unknown.last_answer,
        check_step=unknown.check_step + 1,
        next_check_at=due,
        paid_at=now if answer is ElsomStatus.PAID else None,
    )


def _next_check(unknown: Unknown, outcome: StatusOutcome, now: int, policy: Policy) -> int | None:
    waits = isinstance(outcome, NoResponse) or (
        isinstance(outcome, Answered) and outcome.answer is ElsomStatus.IN_PROGRESS
    )
    if not waits or now - unknown.notified_at >= QUERIED_FOR:
        return None
    return now + policy.ladder[min(unknown.check_step, len(policy.ladder) - 1)]
