from __future__ import annotations

from django.db import migrations

from metered.lib.sql import legal_steps

# Frozen here: a migration must not change when the table in models.py grows.
STEPS = {
    "placed": ["awaiting_read", "in_review", "released", "cancelled", "declined"],
    "awaiting_read": ["in_review", "released", "cancelled", "declined"],
    "in_review": ["awaiting_read", "released", "cancelled", "declined"],
    "released": ["shipped", "cancelled"],
    "shipped": ["delivered"],
}


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_start")]
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE orders_order_number START 20001",
            "DROP SEQUENCE orders_order_number",
        ),
        legal_steps("orders_orderline", "state", STEPS),
    ]
