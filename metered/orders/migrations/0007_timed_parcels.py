"""Which parcels the lanes have learnt from, and how what arrived lately is found."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0006_sentences_in_every_language")]

    operations = [
        migrations.CreateModel(
            name="TimedParcel",
            fields=[
                ("shipment", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+",
                    serialize=False, to="orders.shipment",
                )),
                ("region", models.CharField(max_length=16)),
                ("days", models.PositiveSmallIntegerField(
                    help_text="Working days there, from the evening before it left"
                )),
            ],
        ),
        migrations.AddIndex(
            model_name="shipment",
            index=models.Index(
                condition=models.Q(("delivered_at__isnull", False)), fields=["delivered_at"],
                name="shipment_delivered",
            ),
        ),
    ]
