from __future__ import annotations

from django.db import migrations

from metered.lib.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("stock", "0001_start")]
    operations = [append_only("stock_entry")]
