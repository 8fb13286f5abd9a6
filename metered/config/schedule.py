"""The pipeline on one page: each stage, what wakes it at once, and how often it is swept.

A stage claims rows that an earlier stage committed. Waking is a courtesy that saves waiting; the
sweep finds whatever a lost message left behind, and a doubled message finds nothing to do.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from celery.schedules import crontab
from django.conf import settings


@dataclass(frozen=True)
class Stage:
    hand_over: str
    """What an earlier stage says after its commit (metered.lib.wake)."""
    task: str
    """The task that takes the rows."""


PIPELINE = (
    Stage("accounts.registration", "portal.take_registrations"),
    Stage("accounts.fact", "replenishment.take_facts"),
    Stage("accounts.fact", "orders.stop_removed"),
    Stage("accounts.fact", "returns.take_facts"),
    Stage("fleet.bulletin", "portal.tell_of_bulletins"),
    Stage("reads.batch", "replenishment.fold"),
    Stage("replenishment.review", "replenishment.decide"),
    Stage("replenishment.shortage", "portal.tell_of_shortages"),
    Stage("replenishment.night", "replenishment.night"),
    Stage("replenishment.backtest", "replenishment.backtest"),
    Stage("replenishment.proposal", "orders.take_proposals"),
    Stage("orders.release", "orders.release_due"),
    Stage("portal.notice", "portal.tell_subscribers"),
    Stage("orders.held", "orders.weigh_held"),
    Stage("returns.unconfirmed", "returns.take_unconfirmed"),
    Stage("returns.leftover", "returns.remind"),
    Stage("notify.message", "notify.send_due"),
)

DAILY = {
    "orders.time_parcels": crontab(hour="1", minute="30"),
    "replenishment.begin_night": crontab(hour="2", minute="0"),
    # After the night's looks.
    "replenishment.keep_told": crontab(hour="6", minute="0"),
    "reads.ensure_partitions": crontab(hour="3", minute="10"),
    "reads.take_cut_off": crontab(hour="4", minute="5"),
    "stock.ask_due_counts": crontab(hour="5", minute="0"),
    "reads.learn_activity": crontab(hour="4", minute="35"),
    "reads.close_requests": crontab(hour="4", minute="40"),
    "returns.look_for_leftovers": crontab(hour="5", minute="20"),
    "portal.forget_registrations": crontab(hour="3", minute="20"),
    "portal.tell_of_silent_devices": crontab(hour="12", minute="0"),
    "portal.remind_of_bulletins": crontab(hour="12", minute="10"),
}

OFTEN = {
    "portal.tell_of_agents": crontab(minute="*/10"),
    "returns.answer_due": crontab(minute="*/10"),
}
"""What nothing wakes: it is noticed because something did not come."""


def tasks_for(hand_over: str) -> tuple[str, ...]:
    """The tasks woken by a hand-over; a fact has several takers. Raises KeyError for one that none takes."""
    tasks = tuple(stage.task for stage in PIPELINE if stage.hand_over == hand_over)
    if not tasks:
        raise KeyError(hand_over)
    return tasks


def beat_schedule() -> dict[str, dict[str, object]]:
    sweep: dt.timedelta = settings.SWEEP_EVERY
    entries: dict[str, dict[str, object]] = {
        f"sweep {stage.hand_over}: {stage.task}": {
            "task": stage.task,
            "schedule": sweep,
            # A sweep that waited behind a dead worker is worthless once the next one is due.
            "options": {"expires": max(sweep.total_seconds(), 5.0)},
        }
        for stage in PIPELINE
    }
    entries |= {name: {"task": name, "schedule": when} for name, when in (DAILY | OFTEN).items()}
    return entries
