from __future__ import annotations

from django.db import migrations

from metered.lib.sql import same_account


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0003_not_now"),
        ("fleet", "0003_contract_of_account"),
    ]
    operations = [
        same_account("orders_order", "address", "accounts_address"),
        same_account("orders_order", "contract", "fleet_contract"),
    ]
