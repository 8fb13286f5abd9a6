"""Wake the next stage of the pipeline once this transaction is committed.

The row is the hand-over; the message only saves waiting for the next sweep. That is why a broker
that can't be reached is logged and forgotten, and never fails the caller.
"""

from __future__ import annotations

import logging
import time
from importlib import import_module

from celery import current_app
from django.db import transaction

logger = logging.getLogger(__name__)

PAUSE = 10.0
"""Seconds without a try after one that failed: a broker that is away makes one caller wait, not all."""

_quiet_until = 0.0


def wake(hand_over: str) -> None:
    """Ask for the stages that take `hand_over` to run, after the commit.

    Which tasks those are stands in metered/config/schedule.py, found by name so that no stage
    imports a later one. Raises KeyError for an unknown hand-over.
    """
    tasks = import_module("metered.config.schedule").tasks_for(hand_over)

    def publish() -> None:
        global _quiet_until
        if time.monotonic() < _quiet_until:
            return
        try:
            for task in tasks:
                current_app.send_task(task, retry=False, expires=120)
        except Exception as error:
            _quiet_until = time.monotonic() + PAUSE
            logger.warning("could not wake %s (the sweep will): %s", ", ".join(tasks), error)

    transaction.on_commit(publish, robust=True)
