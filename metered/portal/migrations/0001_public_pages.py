import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import metered.lib.fields
import uuid
from django.conf import settings
from django.db import migrations, models

from metered.lib.sql import append_only, same_account


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0004_facts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', metered.lib.fields.PublicIdField()),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('body', models.TextField(verbose_name='text (Markdown)')),
                ('act_by', models.DateField(blank=True, null=True, verbose_name='act by')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='shown from')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='shown until')),
                ('banner', models.BooleanField(default=True, help_text='It also stands on the page of notices.', verbose_name='as a banner on every page')),
                ('mail', models.BooleanField(default=True, verbose_name='mail it to subscribers')),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('mailed_at', models.DateTimeField(editable=False, null=True)),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'notice',
                'ordering': ['-starts_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Dismissal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveIntegerField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dismissals', to='portal.notice')),
            ],
        ),
        migrations.CreateModel(
            name='Page',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=40, verbose_name='page')),
                ('language', models.CharField(max_length=8, verbose_name='language')),
                ('title', models.CharField(blank=True, max_length=120, verbose_name='title')),
                ('body', models.TextField(blank=True, verbose_name='text (Markdown)')),
                ('version', models.PositiveIntegerField(default=0, editable=False)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='changed')),
            ],
            options={
                'verbose_name': 'text of a page',
                'verbose_name_plural': 'texts of pages',
                'ordering': ['slug', 'language'],
                'constraints': [models.UniqueConstraint(fields=('slug', 'language'), name='page_once'), models.CheckConstraint(condition=models.Q(models.Q(('body', ''), ('title', '')), models.Q(models.Q(('title', ''), _negated=True), models.Q(('body', ''), _negated=True)), _connector='OR'), name='page_whole_or_shipped')],
            },
        ),
        migrations.CreateModel(
            name='PageVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('title', models.CharField(blank=True, max_length=120)),
                ('body', models.TextField(blank=True)),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('page', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='portal.page')),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-version'],
            },
        ),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', metered.lib.fields.PublicIdField()),
                ('email', models.EmailField(max_length=254)),
                ('language', models.CharField(default='en', max_length=8)),
                ('time_zone', models.CharField(blank=True, max_length=64)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('key', models.CharField(blank=True, editable=False, max_length=32)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'subscription to updates',
                'verbose_name_plural': 'subscriptions to updates',
                'ordering': ['email'],
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='subscription_once')],
            },
        ),
        migrations.CreateModel(
            name='SupportMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', metered.lib.fields.PublicIdField()),
                ('once', models.UUIDField(default=uuid.uuid4, editable=False)),
                ('about', models.CharField(blank=True, choices=[('', 'something else'), ('order', 'an order'), ('device', 'a device')], max_length=8)),
                ('about_public_id', models.CharField(blank=True, max_length=32)),
                ('about_label', models.CharField(blank=True, max_length=200, verbose_name='about')),
                ('text', models.TextField(verbose_name='message')),
                ('written_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('answer', models.TextField(blank=True, verbose_name='answer')),
                ('answered_at', models.DateTimeField(null=True, verbose_name='answered')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.account')),
                ('address', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.address')),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='person')),
            ],
            options={
                'verbose_name': 'message to support',
                'verbose_name_plural': 'messages to support',
                'ordering': ['-written_at', '-id'],
            },
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('mail', True), ('mailed_at', None)), fields=['starts_at'], name='notice_to_mail'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='notice_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='dismissal',
            constraint=models.UniqueConstraint(fields=('notice', 'user'), name='dismissal_once'),
        ),
        migrations.AddConstraint(
            model_name='pageversion',
            constraint=models.UniqueConstraint(fields=('page', 'version'), name='page_version_once'),
        ),
        migrations.AddIndex(
            model_name='supportmessage',
            index=models.Index(fields=['user', 'account', '-written_at', '-id'], name='support_message_own'),
        ),
        migrations.AddIndex(
            model_name='supportmessage',
            index=models.Index(condition=models.Q(('answered_at', None)), fields=['written_at'], name='support_message_waiting'),
        ),
        migrations.AddConstraint(
            model_name='supportmessage',
            constraint=models.UniqueConstraint(fields=('user', 'once'), name='support_message_once'),
        ),
        migrations.AddConstraint(
            model_name='supportmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at', None)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False)), _connector='OR'), name='support_message_answer_whole'),
        ),
        append_only("portal_pageversion"),
        same_account("portal_supportmessage", "address", "accounts_address"),
    ]
