"""Two tables: every event once, and the newest state of every payment."""

from __future__ import annotations

from django.db import models


class InboxEvent(models.Model):
    """An event as it came, once. `payment_id` and `order_id` may be empty."""

    event_id = models.CharField(max_length=64, primary_key=True)
    type = models.CharField(max_length=64, db_index=True)
    sequence = models.BigIntegerField()
    payment_id = models.CharField(max_length=64, db_index=True, blank=True)
    order_id = models.CharField(max_length=64, db_index=True, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    document = models.JSONField()

    class Meta:
        """Newest first."""

        db_table = "elsom_payments_event"
        ordering = ("-received_at",)
        verbose_name = "event"

    def __str__(self) -> str:
        return f"{self.type} {self.order_id or self.event_id}"


class PaymentState(models.Model):
    """A payment as the event with its highest `sequence` says."""

    payment_id = models.CharField(max_length=64, primary_key=True)
    order_id = models.CharField(max_length=64, db_index=True)
    status = models.CharField(max_length=32, db_index=True)
    status_reason = models.CharField(max_length=64, blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    late = models.BooleanField(default=False)
    sequence = models.BigIntegerField()
    paid_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField()
    document = models.JSONField()

    class Meta:
        """Newest first."""

        db_table = "elsom_payments_payment"
        ordering = ("-updated_at",)
        verbose_name = "payment"

    def __str__(self) -> str:
        return f"{self.order_id}: {self.status}"
