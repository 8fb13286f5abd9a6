"""A wake-up is a courtesy: after the commit, at most once tried, and never at the caller's cost."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import transaction

from metered.accounts.models import Account
from metered.config.celery import app
from metered.config.schedule import PIPELINE
from metered.lib import wake as module
from metered.lib.wake import wake
from tests.lib.servers import NOBODY, silent

TASK = "notify.send_due"


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_quiet_until", 0.0)


@contextmanager
def broker(url: str, prefix: str) -> Iterator[None]:
    """Celery with another broker, or with keys of its own on the same one, for a while."""
    before, options = app.conf.broker_url, dict(app.conf.broker_transport_options)

    def turn(url: str, options: dict[str, object]) -> None:
        app.conf.update(broker_url=url, broker_transport_options=options)
        # Both pools keep connections to the broker that was.
        setattr(app, "_pool", None)  # noqa: B010
        setattr(app.amqp, "_producer_pool", None)  # noqa: B010

    quick = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "global_keyprefix": prefix}
    turn(url, {**options, **quick})
    try:
        yield
    finally:
        turn(before, options)


@pytest.fixture
def prefix() -> Iterator[str]:
    """Keys of this test alone: other tests leave messages in the same broker."""
    mine = f"test-wake-{secrets.token_hex(4)}:"
    yield mine
    client = redis.Redis.from_url(settings.CACHE_URL)
    for key in client.scan_iter(f"{mine}*"):
        client.delete(key)


def waiting(prefix: str) -> list[bytes]:
    found: Any = redis.Redis.from_url(settings.CACHE_URL).lrange(f"{prefix}celery", 0, -1)
    return [message for message in found if TASK.encode() in message]


def lost() -> None:
    """A transaction that is rolled back after it asked for a wake-up."""
    with transaction.atomic():
        wake("notify.message")
        raise RuntimeError


@pytest.mark.django_db(transaction=True)
def test_the_message_is_sent_after_the_commit_and_not_after_a_rollback(prefix: str) -> None:
    with broker(settings.BROKER_URL, prefix):
        with transaction.atomic():
            wake("notify.message")
            assert waiting(prefix) == [], "the row isn't there yet for the worker to find"
        assert len(waiting(prefix)) == 1
        with pytest.raises(RuntimeError):
            lost()
        assert len(waiting(prefix)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("silence", [False, True], ids=["nobody listens", "nobody answers"])
def test_a_broker_that_is_away_neither_fails_nor_holds_up_the_caller(
    silence: bool, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    with silent() as mute, broker(mute if silence else NOBODY, prefix):
        with transaction.atomic():
            made = Account.objects.create(name="Kept", number="K")
            wake("notify.message")
        assert Account.objects.filter(pk=made.pk).exists()
        for _ in range(50):
            wake("notify.message")
    tries = [record for record in caplog.records if "could not wake" in record.message]
    assert len(tries) == 1, "one caller waits, not all"


@pytest.mark.django_db(transaction=True)
def test_it_is_tried_again_after_the_pause(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    with broker(NOBODY, prefix):
        wake("notify.message")
    with broker(settings.BROKER_URL, prefix):
        wake("notify.message")
        assert waiting(prefix) == []
        monkeypatch.setattr(module, "_quiet_until", time.monotonic() - 0.01)
        wake("notify.message")
        assert len(waiting(prefix)) == 1


def test_an_unknown_hand_over_is_a_mistake_that_shows() -> None:
    with pytest.raises(KeyError):
        wake("nobody.takes.this")


def test_every_stage_names_a_task_that_exists() -> None:
    app.loader.import_default_modules()
    assert {stage.task for stage in PIPELINE} <= set(app.tasks)
