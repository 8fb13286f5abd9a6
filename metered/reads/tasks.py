"""What runs by the clock. Each is safe to run twice."""

from __future__ import annotations

import datetime as dt

from celery import shared_task
from django.utils import timezone

from metered.reads import actions, partitions


@shared_task(name="reads.ensure_partitions")
def ensure_partitions() -> int:
    """This month's and the next two months' partitions."""
    now = timezone.now()
    return partitions.ensure_partitions(now, now + dt.timedelta(days=62))


@shared_task(name="reads.take_cut_off")
def take_cut_off() -> int:
    """The reads that fell due since the last run."""
    return actions.take_cut_off()
