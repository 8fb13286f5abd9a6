from __future__ import annotations

from django.db import migrations

from metered.lib.sql import append_only, legal_steps

# No foreign keys and no further index: this is the hottest table. Ordered so that nothing is padded.
OBSERVATION = """
CREATE TABLE reads_observation (
    observed_at timestamptz NOT NULL,
    device_id bigint NOT NULL,
    account_id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    path smallint NOT NULL,
    notes smallint NOT NULL DEFAULT 0,
    meters bytea NOT NULL,
    levels bytea NOT NULL,
    cartridges text[] NULL,
    PRIMARY KEY (device_id, observed_at)
) PARTITION BY RANGE (observed_at);
"""

# Room on each page for the next version of a row, so that no index is touched (HOT).
STATE = """
ALTER TABLE reads_devicestate SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
"""

ONLY_STATUS = """
CREATE FUNCTION reads_read_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) - 'status' IS DISTINCT FROM to_jsonb(NEW) - 'status' THEN
        RAISE EXCEPTION 'reads_read is append-only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reads_read_append_only BEFORE UPDATE OR DELETE ON reads_read
    FOR EACH ROW EXECUTE FUNCTION reads_read_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("reads", "0001_start")]
    operations = [
        migrations.RunSQL(OBSERVATION, "DROP TABLE reads_observation;"),
        migrations.RunSQL(STATE, "ALTER TABLE reads_devicestate RESET (fillfactor, autovacuum_vacuum_scale_factor);"),
        migrations.RunSQL(
            ONLY_STATUS,
            "DROP TRIGGER reads_read_append_only ON reads_read; DROP FUNCTION reads_read_append_only();",
        ),
        legal_steps(
            "reads_read",
            "status",
            {
                "held": ["accepted", "confirmed", "replaced"],
                "confirmed": ["accepted", "replaced"],
                "accepted": ["replaced"],
            },
        ),
        append_only("reads_readvalue"),
    ]
