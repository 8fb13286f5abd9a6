"""Which facts of earlier stages replenishment has dealt with."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_facts'),
        ('replenishment', '0005_failed_looks'),
    ]

    operations = [
        migrations.CreateModel(
            name='FactTaken',
            fields=[
                ('fact', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='accounts.fact')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
    ]
