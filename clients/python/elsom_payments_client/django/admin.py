"""Events and payments to look at. Only events change them."""

from __future__ import annotations

from django.contrib import admin

from elsom_payments_client.django.models import InboxEvent, PaymentState


class ReadOnly(admin.ModelAdmin):
    """Shows rows, and lets nobody add, change or delete one."""

    def has_add_permission(self, *_: object) -> bool:
        """Never."""
        return False

    def has_change_permission(self, *_: object) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, *_: object) -> bool:
        """Never."""
        return False


@admin.register(InboxEvent)
class InboxEventAdmin(ReadOnly):
    """Every event once."""

    list_display = ("event_id", "type", "order_id", "payment_id", "sequence", "received_at")
    list_filter = ("type",)
    search_fields = ("event_id", "order_id", "payment_id")


@admin.register(PaymentState)
class PaymentStateAdmin(ReadOnly):
    """The newest state of every payment."""

    list_display = ("order_id", "status", "status_reason", "amount", "late", "paid_at")
    list_filter = ("status", "late")
    search_fields = ("order_id", "payment_id")
