"""Reasons are read as a whole and never searched: as text they are written at half the cost. What is there stays
as it is, with its names."""

from django.db import migrations

import metered.replenishment.reasons


class Migration(migrations.Migration):
    dependencies = [("replenishment", "0014_delivery_lanes")]

    operations = [
        migrations.AlterField(
            model_name="poolforecast",
            name="decision",
            field=metered.replenishment.reasons.ReasonField(
                help_text="The last decision's reason, as explain.py describes it", null=True
            ),
        ),
        migrations.AlterField(
            model_name="proposal",
            name="reason",
            field=metered.replenishment.reasons.ReasonField(help_text="Everything domain rule 25 names, as data"),
        ),
    ]
