"""A heavy job is announced for several printers at once: what was announced, and each printer's part of it."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

import metered.lib.fields


def announce(apps, schema_editor):
    """Each job that stands there becomes one of one printer."""
    heavy = apps.get_model("replenishment", "HeavyJob")
    announced = apps.get_model("replenishment", "AnnouncedJob")
    for part in heavy.objects.select_related("device").order_by("pk"):
        part.job = announced.objects.create(
            account_id=part.account_id,
            address_id=part.device.address_id,
            starts_on=part.starts_on,
            ends_on=part.ends_on,
            pages=part.pages,
            colour_pages=part.colour_pages,
            note=part.note,
            announced_by_id=part.announced_by_id,
            announced_at=part.announced_at,
            withdrawn_at=part.cancelled_at,
        )
        part.save(update_fields=["job"])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_facts'),
        ('replenishment', '0006_facts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AnnouncedJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', metered.lib.fields.PublicIdField()),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField()),
                ('pages', models.PositiveIntegerField(help_text='All pages')),
                ('colour_pages', models.PositiveIntegerField(default=0, help_text='Of these in colour')),
                ('coverage', models.PositiveSmallIntegerField(blank=True, help_text='Percent of the page that is printed; empty: as usual', null=True)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('once', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('step', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('announced_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('address', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.address')),
                ('announced_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['starts_on', 'pk'],
                'indexes': [models.Index(condition=Q(withdrawn_at=None), fields=['account', 'ends_on'], name='announced_by_end')],
                'constraints': [
                    models.CheckConstraint(condition=Q(ends_on__gte=F('starts_on')), name='announced_in_order'),
                    models.CheckConstraint(condition=Q(pages__gt=0, colour_pages__lte=F('pages')), name='announced_pages_sane'),
                    models.CheckConstraint(condition=Q(coverage=None) | Q(coverage__range=(1, 100)), name='announced_coverage_sane'),
                ],
            },
        ),
        migrations.AddField(
            model_name='heavyjob',
            name='coverage',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='heavyjob',
            name='job',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='replenishment.announcedjob'),
        ),
        migrations.RunPython(announce, migrations.RunPython.noop),
        # What was written above waits for the end of the transaction, and the table can't be changed then.
        migrations.RunSQL('SET CONSTRAINTS ALL IMMEDIATE', migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='heavyjob',
            name='job',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='replenishment.announcedjob'),
        ),
        migrations.AddConstraint(
            model_name='heavyjob',
            constraint=models.UniqueConstraint(condition=Q(cancelled_at=None), fields=('job', 'device'), name='job_once_per_device'),
        ),
    ]
