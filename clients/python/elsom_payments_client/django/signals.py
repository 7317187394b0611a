"""What a shop can listen to. Receivers run in the transaction that stores the event.

Each is sent with `event` (the client's Event), `payment` (its payment) and `state` (PaymentState).
A receiver that raises takes the event back; the stack sends it again.
"""

from __future__ import annotations

from django.dispatch import Signal

# The order's money is there: deliver. Once for each payment, also where newer events came first.
# `event.type` is payment.paid_late where the payment had been closed as unpaid before.
order_paid = Signal()
# The payment ended without money (`payment.status`: expired, cancelled or failed). Never sent for a
# payment of which something newer is known. With `payment.status_reason` unresolved the result is
# not known: offer no new payment.
order_ended = Signal()
