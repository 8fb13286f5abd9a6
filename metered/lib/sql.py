"""Small pieces of SQL that several migrations use."""

from __future__ import annotations

from django.db import migrations


def append_only(table: str) -> migrations.RunSQL:
    """A trigger that lets rows of `table` be added and never changed or removed."""
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation';
        END $$;
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_append_only();
        """,
        f"DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_append_only();",
    )


def legal_steps(table: str, column: str, steps: dict[str, list[str]]) -> migrations.RunSQL:
    """A trigger that refuses any change of `column` that is not one of `steps` (from → to)."""
    pairs = ", ".join(f"('{old}', '{new}')" for old, news in steps.items() for new in news)
    name = f"{table}_{column}_steps"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (OLD.{column}, NEW.{column}) NOT IN ({pairs}) THEN
                RAISE EXCEPTION '{table}: % can not become %', OLD.{column}, NEW.{column}
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
            WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION {name}();
        """,
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();",
    )


def same_account(table: str, column: str, of: str) -> migrations.RunSQL:
    """A row of `table` may name a row of `of` (by `column`) of its own account only.

    `of` needs a unique constraint over (account_id, id).
    """
    name = f"{table}_{column}_same_account"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (account_id, {column}_id)"
        f" REFERENCES {of} (account_id, id)",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )
