"""A test's own database, with real processes on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.flows.stack import NAME, Stack, running, url_of


@pytest.fixture
def stack(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """Everything runs; ended before the database is emptied for the next test."""
    yield from _running(tmp_path, monkeypatch)


@pytest.fixture
def web(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """The web server alone, with the Valkey it needs: what reports are sent to."""
    yield from _running(tmp_path, monkeypatch, "valkey", "web")


def _running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[Stack]:
    # The processes check passwords and sessions with the settings of their own.
    monkeypatch.setenv("METERED_SECRET_KEY", settings.SECRET_KEY)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "metered.config.settings")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE reads_observation")
    with running(tmp_path, url_of(connection.settings_dict), *names) as made:
        yield made
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            # Not this process's own: a browser test holds a second one, beside the loop that it runs.
            " WHERE datname = current_database() AND application_name = %s",
            [NAME],
        )
