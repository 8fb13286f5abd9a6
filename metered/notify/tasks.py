from __future__ import annotations

from celery import shared_task

from metered.notify import actions


@shared_task(name="notify.send_due")
def send_due() -> None:
    actions.send_due()
