"""The tables."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="InboxEvent",
            fields=[
                ("event_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("type", models.CharField(db_index=True, max_length=64)),
                ("sequence", models.BigIntegerField()),
                ("payment_id", models.CharField(blank=True, db_index=True, max_length=64)),
                ("order_id", models.CharField(blank=True, db_index=True, max_length=64)),
                ("occurred_at", models.DateTimeField()),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                ("document", models.JSONField()),
            ],
            options={
                "verbose_name": "event",
                "db_table": "elsom_payments_event",
                "ordering": ("-received_at",),
            },
        ),
        migrations.CreateModel(
            name="PaymentState",
            fields=[
                ("payment_id", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("order_id", models.CharField(db_index=True, max_length=64)),
                ("status", models.CharField(db_index=True, max_length=32)),
                ("status_reason", models.CharField(blank=True, max_length=64)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=12)),
                ("late", models.BooleanField(default=False)),
                ("sequence", models.BigIntegerField()),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("updated_at", models.DateTimeField()),
                ("document", models.JSONField()),
            ],
            options={
                "verbose_name": "payment",
                "db_table": "elsom_payments_payment",
                "ordering": ("-updated_at",),
            },
        ),
    )
