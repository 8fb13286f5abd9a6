"""The running state of a device's slots moves into the device's row: one update for a report, not one a slot.

What is there is carried over. Backwards the columns come back with the state of a slot of which nothing is
known: `rebuild_forecast` makes them anew.
"""

import django.contrib.postgres.fields
from django.db import migrations, models

import metered.replenishment.models

# As records.py has it: slot, pool, step, pend, flag, and the numbers; a of what was never taught is relative
# to the mean of its kind.
CARRY = """
WITH kept AS (
    SELECT o.device_id, o.account_id, string_agg(
        int8send(o.slot_id) || int8send(coalesce(o.pool_id, 0)) || int2send(o.step) || int2send(o.pend)
        || int2send(o.flag) || float8send(o.f) || float8send(o.x) || float8send(o.e_acc)
        || float8send(o.x_acc) || float8send(o.p0) || float8send(o.pend_v) || float8send(o.pend_t)
        || float8send(o.seen), '' ORDER BY o.slot_id) AS slots
    FROM replenishment_position o GROUP BY o.device_id, o.account_id
), taught AS (
    SELECT o.device_id, array_agg(use ORDER BY o.slot_id, nth) AS uses
    FROM replenishment_position o JOIN fleet_slot s ON s.id = o.slot_id
    LEFT JOIN replenishment_fleetstats m ON m.kind = (
        CASE WHEN s.kind IN ('toner', 'ink') THEN CASE s.colorant WHEN 'cyan' THEN 'C' WHEN 'light_cyan' THEN
            'C' WHEN 'magenta' THEN 'M' WHEN 'light_magenta' THEN 'M' WHEN 'yellow' THEN 'Y' ELSE 'K' END
        WHEN s.kind = 'drum' THEN CASE s.colorant WHEN 'black' THEN 'drumK' WHEN 'cyan' THEN 'drumC'
            WHEN 'magenta' THEN 'drumM' WHEN 'yellow' THEN 'drumY' ELSE 'drum' END
        WHEN s.kind = 'waste' THEN 'waste' ELSE 'other' END)
    CROSS JOIN LATERAL (VALUES
        (1, CASE WHEN o.b = 0.25 THEN o.a / coalesce(m.c_mean, 1) ELSE o.a END), (2, o.b)) AS two (nth, use)
    GROUP BY o.device_id
)
INSERT INTO replenishment_devicerate (device_id, account_id, slots, uses, t, total, colour, n_fast, n_slow,
    nc_fast, nc_slow, d_fast, d_slow, err, held_t, held_total, held_colour)
SELECT kept.device_id, kept.account_id, kept.slots, taught.uses, 'nan', 'nan', 'nan', 0, 0, 0, 0, 0, 0,
    0.36 * 0.36 - 0.04, 'nan', 'nan', 'nan'
FROM kept JOIN taught USING (device_id)
ON CONFLICT (device_id) DO UPDATE SET slots = excluded.slots, uses = excluded.uses
"""
NUMBERS = ("f", "a", "b", "x", "e_acc", "x_acc", "p0", "pend", "pend_v", "pend_t", "flag", "seen", "step")


class Migration(migrations.Migration):
    dependencies = [("replenishment", "0008_sentences_in_every_language"), ("fleet", "0003_contract_of_account")]

    operations = [
        migrations.AlterField(
            model_name="devicerate",
            name="folded_at",
            field=models.DateTimeField(help_text="The last observation that is in the state", null=True),
        ),
        migrations.AddField(
            model_name="devicerate", name="slots", field=models.BinaryField(default=bytes)
        ),
        migrations.AddField(
            model_name="devicerate",
            name="uses",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.FloatField(), default=list, size=None
            ),
        ),
        # A table with checks still to be made can't be altered.
        migrations.RunSQL([CARRY, "SET CONSTRAINTS ALL IMMEDIATE"], migrations.RunSQL.noop),
        # The records are numbers that hardly compress; toasted they would be read by a second look-up.
        migrations.RunSQL(
            "ALTER TABLE replenishment_devicerate ALTER slots SET STORAGE MAIN, ALTER uses SET STORAGE MAIN",
            "ALTER TABLE replenishment_devicerate ALTER slots SET STORAGE EXTENDED, ALTER uses SET STORAGE EXTENDED",
        ),
        migrations.AddConstraint(
            model_name="devicerate",
            constraint=models.CheckConstraint(
                condition=metered.replenishment.models.AllPositive("uses"), name="rate_uses_positive"
            ),
        ),
        migrations.RemoveConstraint(model_name="position", name="position_use_positive"),
        *(migrations.RemoveField(model_name="position", name=name) for name in NUMBERS),
    ]
