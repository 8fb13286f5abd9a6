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


@shared_task(name="reads.learn_activity")
def learn_activity() -> int:
    """How busy each account's connected devices are, for the judgement of typed reads."""
    return actions.learn_activity()


@shared_task(name="reads.close_requests")
def close_requests() -> int:
    """What was asked for and machines have read meanwhile."""
    return actions.close_requests()
