from __future__ import annotations

from django.db import migrations

from metered.lib.sql import same_account


class Migration(migrations.Migration):
    dependencies = [
        ("stock", "0003_by_posting"),
        ("fleet", "0003_contract_of_account"),
    ]
    operations = [
        same_account("stock_pool", "address", "accounts_address"),
        same_account("stock_pool", "contract", "fleet_contract"),
    ]
