"""What a person cancelled is not proposed again at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("replenishment", "0003_room_to_update")]

    operations = [
        migrations.AddField(
            model_name="proposal",
            name="held_until",
            field=models.DateTimeField(
                help_text="Somebody cancelled it: the pool is not proposed for before then", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="proposal",
            index=models.Index(
                condition=models.Q(("held_until__isnull", False)),
                fields=["pool", "held_until"],
                name="proposal_held",
            ),
        ),
    ]
