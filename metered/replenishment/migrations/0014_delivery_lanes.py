"""How long parcels took, counted for each region, country and the fleet."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("replenishment", "0013_backtests")]

    operations = [
        migrations.CreateModel(
            name="DeliveryLane",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("region", models.CharField(
                    help_text="As lanes.region_of has it; * is all of them", max_length=16, unique=True,
                    verbose_name="region",
                )),
                ("counts", django.contrib.postgres.fields.ArrayField(
                    base_field=models.IntegerField(), size=61
                )),
            ],
            options={
                "verbose_name": "delivery lane",
                "verbose_name_plural": "delivery lanes",
                "ordering": ["region"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("counts__len", 61)), name="lane_counts_every_day")
                ],
            },
        ),
    ]
