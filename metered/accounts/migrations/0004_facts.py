"""What happened, for the stages after."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

from metered.lib.sql import append_only


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_known_time_zones'),
    ]

    operations = [
        migrations.CreateModel(
            name='Fact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('device_added', 'a device was added'), ('device_changed', 'a device was moved, switched or changed'), ('device_removed', 'a device was removed'), ('contract_changed', 'a contract was changed'), ('address_changed', 'an address was changed')], max_length=20)),
                ('public_id', models.CharField(help_text='Of the row it is about', max_length=32)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('address', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.address')),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='fact_by_time')],
            },
        ),
        append_only('accounts_fact'),
    ]
