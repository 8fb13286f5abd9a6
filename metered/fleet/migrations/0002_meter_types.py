from __future__ import annotations

from django.db import migrations

TYPES = [
    ("total", "total"),
    ("mono", "mono"),
    ("colour", "colour"),
    ("large_mono", "large mono"),
    ("large_colour", "large colour"),
]


def add(apps, schema_editor):
    MeterType = apps.get_model("fleet", "MeterType")
    for order, (code, name) in enumerate(TYPES):
        MeterType.objects.get_or_create(code=code, defaults={"name": name, "order": order})


class Migration(migrations.Migration):
    dependencies = [("fleet", "0001_start")]
    # They stay when this is undone: reads may refer to them.
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
