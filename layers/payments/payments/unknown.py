"""Ids that Elsom names and nobody here started: asked about, seldom and behind everybody else."""

from __future__ import annotations

from typing import Final

import msgspec

from payments.check import Checking
from payments.circuit import is_open, record_silence, record_word
from payments.elsom.outcomes import Silent
from payments.elsom.wire import Answered
from payments.errors import WriteConflict
from payments.model import Answer
from payments.moments import DAY, MINUTE
from payments.store.inbox import Unknown, remember_unknown

ASKED_FOR: Final = DAY


def note_unknown(unknown_id: str, deps: Checking) -> None:
    """Remember an id from a notification; one that is not of our form cannot be ours."""
    remember_unknown(deps.inbox, unknown_id, deps.clock())


def ask_about_unknown(unknown_id: str, deps: Checking) -> bool:
    """Ask Elsom if this second's question is free; tell whether it was asked.

    `A` is kept on the item (and becomes a case); `1` is asked again by the ladder for a day;
    any other answer ends it; silence is tried again in a minute.
    """
    now = deps.clock()
    unknown = deps.inbox.unknown(unknown_id)
    if unknown is None or unknown.next_check_at is None or unknown.next_check_at > now:
        return False
    if deps.payments.get(unknown_id) is not None:
        # It has become ours since somebody named it: the payment's own checks ask from here on.
        _save(unknown, msgspec.structs.replace(unknown, next_check_at=None), deps)
        return False
    circuit = deps.schedule.circuit()
    if is_open(circuit, now) or not deps.schedule.claim_unknown_question(now):
        return False
    outcome = deps.elsom.status(unknown_id, deps.merchant())
    now = deps.clock()
    if isinstance(outcome, Silent):
        record_silence(outcome, now, deps.schedule, deps.jitter)
        _save(unknown, msgspec.structs.replace(unknown, next_check_at=now + MINUTE), deps)
        return True
    if circuit.failures:
        record_word(deps.schedule)
    answer = outcome.answer if isinstance(outcome, Answered) else None
    _save(unknown, _answered(unknown, answer, now, deps), deps)
    return True


def _answered(unknown: Unknown, answer: Answer | None, now: int, deps: Checking) -> Unknown:
    step = unknown.check_step
    young = now - unknown.first_seen_at < ASKED_FOR
    again = answer is Answer.IN_PROGRESS and young
    ladder = deps.policy.ladder
    return msgspec.structs.replace(
        unknown,
        asked_at=now,
        last_answer=answer,
        check_step=step + 1,
        next_check_at=now + ladder[min(step, len(ladder) - 1)] if again else None,
        paid_at=now if answer is Answer.PAID else None,
    )


def _save(before: Unknown, after: Unknown, deps: Checking) -> None:
    """Two workers may have asked; the first one's answer stands, the next doorbell asks anew."""
    try:
        deps.inbox.save_unknown(before, after)
    except WriteConflict:
        return
