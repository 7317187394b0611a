"""Keep a trigger in the due index until Elsom has answered a query that began after it."""

from __future__ import annotations

from typing import NamedTuple

from payments.domain.next_check import note_trigger, waits_for_query
from payments.domain.payment import Payment
from payments.store.payments import Payments, apply


class KeptTrigger(NamedTuple):
    """The payment as it is stored now, and whether this call has kept the trigger.

    `is_new` is false where a trigger was kept already whose query has not begun: that query serves
    this trigger too.
    """

    payment: Payment
    is_new: bool


def keep_in_index(
    payments: Payments, payment: Payment, triggered_at: int, due: int | None = None
) -> KeptTrigger:
    """Keep a trigger in the due index, unless one is kept there whose query has not begun.

    `due` is when the schedule may serve it; by default once its own message counts as lost.
    """
    kept_at: int | None = None

    def step(known: Payment) -> Payment:
        nonlocal kept_at
        if waits_for_query(known):
            # The kept trigger may be this call's own: boto3 repeats a write whose answer was lost.
            kept_at = kept_at if known.triggered_at == kept_at else None
            return known
        after = note_trigger(known, triggered_at, due)
        kept_at = after.triggered_at
        return after

    stored = apply(payments, payment, step)
    return KeptTrigger(stored, is_new=kept_at is not None)
