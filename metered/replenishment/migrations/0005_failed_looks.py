"""A look that failed is tried again in its own time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("replenishment", "0004_held_back")]

    operations = [
        migrations.AddField(
            model_name="addressreview",
            name="failed_at",
            field=models.DateTimeField(help_text="The last look failed; due again by itself", null=True),
        ),
    ]
