"""What should be counted, and why."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_facts'),
        ('stock', '0004_of_one_account'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CountRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('because', models.CharField(choices=[('cadence', 'it is time again'), ('order', 'something is being ordered'), ('disagreement', 'the levels and the books disagree'), ('staff', 'support asked for it'), ('unsure', 'we are not sure what is there')], max_length=12)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('due_on', models.DateField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='count_requests', to='stock.pool')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('closed_at', None)), fields=['account'], name='count_request_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('pool',), name='count_request_one_open_per_pool')],
            },
        ),
    ]
