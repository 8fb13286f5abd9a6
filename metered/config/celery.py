"""The Celery application. Tasks hold ids at most: the truth is in PostgreSQL."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "metered.config.settings")

app = Celery("metered")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def add_schedule(sender: Celery, **_: object) -> None:
    from metered.config.schedule import beat_schedule

    sender.conf.beat_schedule = beat_schedule()
