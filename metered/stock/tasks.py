from __future__ import annotations

from celery import shared_task

from metered.stock import actions


@shared_task(name="stock.ask_due_counts")
def ask_due_counts() -> None:
    actions.ask_due_counts()
