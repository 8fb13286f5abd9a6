from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reads", "0004_parking"),
    ]

    operations = [
        migrations.AddField(
            model_name="devicestate",
            name="late_since",
            field=models.DateTimeField(
                help_text="Since then its reports arrive only late: dated before what it said last",
                null=True,
            ),
        ),
    ]
