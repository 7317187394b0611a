"""When a payment is checked next: what the due index holds, before and after each query. Pure.

The due index is the truth: messages may be lost, and only make things faster. A query that begins
leaves a lease in the index. Only the write of an answer takes it out, and only if no other writer
has moved it since.

                     open                          ended                      paid
    query begins     the next step of the ladder   a lease                    nothing
    Elsom answers    stays                         the next late check        nothing
    no response      in a minute, step given back  in a minute                (nothing)
    a trigger        a lease, no step is used up, until an answer to a query begun after it
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from payments.domain.clock import MINUTE, SECOND
from payments.domain.payment import Payment, Policy, Reason, Status, Trigger
from payments.domain.query_rule import next_step, with_query

# Longer than the checks queue hides a message: after a function died, its message comes first.
LEASE: Final = 120 * SECOND
# Without a response Elsom is queried again after this time, or up to half as much later.
RETRY: Final = MINUTE
LONGEST_RETRY: Final = 30 * MINUTE


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The right to query Elsom once. `payment` is what is stored with it; times in milliseconds.

    `leased`: this claim set the payment's next check. `step_before` is the ladder's step before it.
    """

    payment: Payment
    at: int
    leased: bool
    step_before: int

    def owns_next_check(self, current: Payment) -> bool:
        """Whether the next check is still the one that this claim has set."""
        return self.leased and current.next_check_at == self.payment.next_check_at

    def is_newest(self, current: Payment) -> bool:
        """Whether no query has begun since this one."""
        return current.queried_at[-1:] == (self.at,)


def claim(
    payment: Payment, now: int, trigger: Trigger, policy: Policy, notified_at: int | None = None
) -> Claim:
    """Take the right to query Elsom now; what is due, or has no next check, gets a lease.

    `notified_at` is when a notification came. Where the payment is not open, the index keeps it.
    """
    if notified_at is not None and not payment.is_open and payment.triggered_at is None:
        payment = note_trigger(payment, notified_at, now + LEASE)
    claimed = replace(
        payment,
        queried_at=with_query(payment.queried_at, now),
        trigger_queried=payment.triggered_at is not None,
        queried_by=trigger,
        queries=payment.queries + 1,
    )
    leased = _takes_lease(payment, now)
    if leased:
        claimed = _with_lease(payment, claimed, now, policy)
    return Claim(payment=claimed, at=now, leased=leased, step_before=payment.check_step)


def after_answer(
    payment: Payment, claim: Claim, now: int, policy: Policy, *, changed: bool
) -> Payment:
    """Set the next check after an answer that left the status; `changed`: it was a new answer."""
    if payment.is_open:
        return _back_to_ladder(payment, claim, policy)
    if not claim.is_newest(payment):
        return payment
    if payment.triggered_at is not None:
        follows = not changed and next_step(payment.triggered_at, now) is not None
        if follows or payment.triggered_at != claim.payment.triggered_at:
            return payment
        return _verified(payment, now, policy)
    if not claim.owns_next_check(payment):
        return payment
    step = payment.check_step + 1
    return replace(payment, check_step=step, next_check_at=late_check(payment, policy, step, now))


def after_no_status(payment: Payment, claim: Claim, now: int, policy: Policy) -> Payment:
    """Set the next check after a response without a status.

    The last late check is then repeated, at its own distance, as often as there are late checks:
    otherwise money that came meanwhile would never be found.
    """
    after = after_answer(payment, claim, now, policy, changed=False)
    steps = len(policy.late_ladder)
    is_last = after.next_check_at is None and after.check_step > payment.check_step
    if is_last and after.check_step < 2 * steps:
        return replace(after, next_check_at=late_check(after, policy, steps - 1, now))
    return after


def after_no_response(payment: Payment, claim: Claim, now: int, jitter: float) -> Payment:
    """Query again in a minute, and give back the step of the ladder that the query took.

    The wait grows with the time since the trigger or the start, up to half an hour. `jitter` is 0
    to 1.
    """
    since = payment.triggered_at or payment.created_at
    wait = min(max((now - since) // 64, RETRY), LONGEST_RETRY)
    due = now + wait + int(wait * jitter / 2)
    if claim.owns_next_check(payment) and claim.is_newest(payment):
        step = min(claim.step_before, payment.check_step)
        return replace(payment, next_check_at=due, check_step=step)
    waits = payment.is_open or payment.triggered_at is not None
    if waits and payment.next_check_at is not None and payment.next_check_at > due:
        return replace(payment, next_check_at=due)
    return payment


def note_trigger(payment: Payment, now: int, due: int | None = None) -> Payment:
    """Keep a trigger in the index until an answer to a query begun after it; no step is used up.

    `due` is when the schedule may serve it; by default once its own message counts as lost.
    """
    due = now + LEASE if due is None else due
    earliest = due if payment.next_check_at is None else min(payment.next_check_at, due)
    # Always a new value, also where the clocks of two machines differ.
    newest = max(now, (payment.triggered_at or 0) + 1)
    return replace(payment, triggered_at=newest, trigger_queried=False, next_check_at=earliest)


def waits_for_query(payment: Payment) -> bool:
    """Whether a trigger is kept and no query has begun since."""
    return payment.triggered_at is not None and not payment.trigger_queried


def keep_trigger(payment: Payment, next_check_at: int | None, verified: int | None) -> Payment:
    """Set this next check, or an earlier one where a trigger is kept that no answer has served.

    `verified` is the trigger that was kept when the query began whose answer ends the payment.
    """
    trigger = payment.triggered_at
    if trigger is None or trigger == verified:
        return _without_trigger(payment, next_check_at)
    lease = trigger + LEASE
    due = lease if next_check_at is None else min(next_check_at, lease)
    return replace(payment, next_check_at=due)


def late_check(payment: Payment, policy: Policy, step: int, now: int) -> int | None:
    """When an ended payment is checked at this step; None when none is left, or none is needed."""
    if payment.status is Status.PAID or payment.status_reason is Reason.ELSOM_UNREACHABLE:
        return None
    return now + policy.late_ladder[step] if step < len(policy.late_ladder) else None


def _takes_lease(payment: Payment, now: int) -> bool:
    if payment.next_check_at is not None:
        return payment.next_check_at <= now
    return payment.status is not Status.PAID


def _with_lease(payment: Payment, claimed: Payment, now: int, policy: Policy) -> Payment:
    """Set the lease. An open payment's is its next step, so an unchanged answer writes nothing."""
    if not payment.is_open:
        return replace(claimed, next_check_at=now + LEASE)
    step = payment.check_step + (0 if waits_for_query(payment) else 1)
    wait = max(LEASE, _ladder_wait(policy, step))
    return replace(claimed, check_step=step, next_check_at=now + wait)


def _back_to_ladder(payment: Payment, claim: Claim, policy: Policy) -> Payment:
    """Set a step that is shorter than the lease, counted from when the query began."""
    wait = _ladder_wait(policy, payment.check_step)
    if wait < LEASE and claim.owns_next_check(payment):
        return replace(payment, next_check_at=claim.at + wait)
    return payment


def _verified(payment: Payment, now: int, policy: Policy) -> Payment:
    """Drop a trigger that was served, and go on with the late checks that are left."""
    return _without_trigger(payment, late_check(payment, policy, payment.check_step, now))


def _without_trigger(payment: Payment, next_check_at: int | None) -> Payment:
    return replace(payment, triggered_at=None, trigger_queried=False, next_check_at=next_check_at)


def _ladder_wait(policy: Policy, step: int) -> int:
    return policy.ladder[min(step, len(policy.ladder) - 1)]
