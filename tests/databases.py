"""Migrations run once for all xdist workers: a template database that each of them clones.

The template's name holds a hash of all migrations, so on a server that stays (DATABASE_URL) the next
run finds it ready. Advisory locks keep runs apart: one builds, those who use it hold it shared, and
an outdated one is dropped only when nobody holds it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zlib
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]


def fingerprint(root: Path = ROOT) -> str:
    """Twelve digits that change with any migration, ours or an installed package's."""
    state = hashlib.sha256((root / "requirements" / "dev.txt").read_bytes())
    for file in sorted((root / "metered").glob("**/migrations/*.*")):
        if "__pycache__" not in file.parts:
            state.update(file.name.encode() + file.read_bytes())
    return state.hexdigest()[:12]


def with_name(url: str, name: str) -> str:
    """The same server with another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path="/" + quote(name)))


def _key(name: str) -> int:
    return zlib.crc32(name.encode())


def ensure_template(url: str) -> tuple[str, psycopg.Connection]:
    """(name of the migrated template, the connection whose life keeps it from being dropped)."""
    base = urlsplit(url).path.lstrip("/")
    prefix = f"{base[:30]}_template_"
    name = prefix + fingerprint()
    keeper = psycopg.connect(with_name(url, "postgres"), autocommit=True)
    keeper.execute("SELECT pg_advisory_lock(%s)", [_key(prefix)])
    try:
        keeper.execute("SELECT pg_advisory_lock_shared(%s)", [_key(name)])
        if keeper.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            _drop_outdated(keeper, prefix)
            _build(keeper, url, name)
    finally:
        keeper.execute("SELECT pg_advisory_unlock(%s)", [_key(prefix)])
    return name, keeper


def _build(keeper: psycopg.Connection, url: str, name: str) -> None:
    unfinished = f"{name}_new"
    keeper.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(unfinished)))
    keeper.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--run-syncdb", "--verbosity", "0"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": with_name(url, unfinished), "METERED_NO_VENV": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The test database can't be migrated:\n{done.stdout}{done.stderr}")
    keeper.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
    )


def _drop_outdated(keeper: psycopg.Connection, prefix: str) -> None:
    rows = keeper.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
    for (name,) in rows.fetchall():
        row = keeper.execute("SELECT pg_try_advisory_lock(%s)", [_key(name)]).fetchone()
        if row is not None and row[0]:
            keeper.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
            keeper.execute("SELECT pg_advisory_unlock(%s)", [_key(name)])
