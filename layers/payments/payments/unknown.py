"""Ids that Elsom names and nobody here started: queried seldom, and behind all known payments."""

from __future__ import annotations

from functools import partial
from typing import Final

from msgspec.structs import replace

from payments.check import Checking
from payments.circuit import is_open
from payments.elsom.outcomes import Silent, StatusOutcome
from payments.elsom.wire import Answered
from payments.ids import is_id
from payments.model import Answer, Policy
from payments.moments import DAY
from payments.store.inbox import Unknown, remember_unknown
from payments.store.payments import apply_step

QUERIED_FOR: Final = DAY


def note_unknown(unknown_id: str, deps: Checking) -> None:
    """Remember an id from a notification; one that is not of our form cannot be ours."""
    if is_id(unknown_id):
        remember_unknown(deps.inbox, unknown_id, deps.clock())


def ask_about_unknown(unknown_id: str, deps: Checking) -> bool:
    """Query Elsom if this second's query is free; tell whether it was queried.

    `A` is kept on the item (and becomes a case). `1` and no response are tried again by the ladder,
    for a day after the newest notification; any other answer to a query begun after it ends it.
    What Elsom does here never counts for its health: a stranger chooses these ids.
    """
    now = deps.clock()
    unknown = deps.inbox.unknown(unknown_id)
    if unknown is None or unknown.next_check_at is None or unknown.next_check_at > now:
        return False
    save = deps.inbox.save_unknown
    if deps.payments.get(unknown_id) is not None:
        # It has become ours since it was named: the payment's own checks query it from here on.
        apply_step(save, unknown, lambda known: replace(known, next_check_at=None))
        return False
    if is_open(deps.schedule.circuit(), now) or not deps.schedule.claim_unknown_question(now):
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
    """The id after a response to a query that began at `queried_at`, when it was `queried`."""
    answer = outcome.answer if isinstance(outcome, Answered) else None
    is_older = unknown.asked_at is not None and queried_at <= unknown.asked_at
    if unknown.paid_at is not None or (is_older and answer is not Answer.PAID):
        return unknown
    due = _next_check(unknown, outcome, now, policy)
    if unknown.notifications != queried.notifications and answer is not Answer.PAID:
        due = now
    return replace(
        unknown,
        asked_at=queried_at,
        last_answer=answer or unknown.last_answer,
        check_step=unknown.check_step + 1,
        next_check_at=due,
        paid_at=now if answer is Answer.PAID else None,
    )


def _next_check(unknown: Unknown, outcome: StatusOutcome, now: int, policy: Policy) -> int | None:
    waits = isinstance(outcome, Silent) or (
        isinstance(outcome, Answered) and outcome.answer is Answer.IN_PROGRESS
    )
    if not waits or now - unknown.notified_at >= QUERIED_FOR:
        return None
    return now + policy.ladder[min(unknown.check_step, len(policy.ladder) - 1)]
