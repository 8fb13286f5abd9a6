from __future__ import annotations

from django.db import migrations

from metered.lib.sql import legal_steps, same_account

# Frozen here: a migration must not change when the table in models.py grows.
STEPS = {
    "filed": ["confirmed", "rejected", "withdrawn"],
    "confirmed": ["received", "withdrawn", "closed"],
    "received": ["closed"],
}


class Migration(migrations.Migration):
    dependencies = [("returns", "0001_start"), ("accounts", "0001_start")]
    operations = [
        legal_steps("returns_return", "state", STEPS),
        same_account("returns_return", "address", "accounts_address"),
        same_account("returns_leftover", "address", "accounts_address"),
    ]
