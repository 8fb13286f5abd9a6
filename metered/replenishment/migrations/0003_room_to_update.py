"""Room on every page: state rows are updated in place with each report, and so touch no index."""

from django.db import migrations, models

import metered.replenishment.models

TABLES = ("replenishment_position", "replenishment_devicerate", "replenishment_poolforecast")


class Migration(migrations.Migration):
    dependencies = [("replenishment", "0002_positions_and_reviews")]

    operations = [
        migrations.RunSQL(
            [f"ALTER TABLE {table} SET (fillfactor = 60)" for table in TABLES],
            [f"ALTER TABLE {table} RESET (fillfactor)" for table in TABLES],
        ),
        migrations.AlterField(
            model_name="poolforecast",
            name="base",
            field=models.FloatField(default=metered.replenishment.models.never),
        ),
    ]
