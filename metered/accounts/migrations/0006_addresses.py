"""A country may have no towns in its addresses."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_mail_choices'),
    ]

    operations = [
        migrations.AlterField(
            model_name='addressversion',
            name='city',
            field=models.CharField(blank=True, max_length=80),
        ),
    ]
