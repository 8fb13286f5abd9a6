from __future__ import annotations

from celery import shared_task

from metered.orders import actions


@shared_task(name="orders.take_proposals")
def take_proposals() -> None:
    actions.take_proposals()


@shared_task(name="orders.release_due")
def release_due() -> None:
    actions.release_due()


@shared_task(name="orders.weigh_held")
def weigh_held() -> None:
    actions.weigh_held()


@shared_task(name="orders.stop_removed")
def stop_removed() -> None:
    actions.stop_removed()


@shared_task(name="orders.time_parcels")
def time_parcels() -> None:
    """Lanes learn from what arrived, until nothing is left."""
    while actions.time_parcels():
        pass
