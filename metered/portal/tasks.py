from __future__ import annotations

from celery import shared_task

from metered.portal import actions, registrations


@shared_task(name="portal.tell_of_silent_devices")
def tell_of_silent_devices() -> None:
    actions.tell_of_silent_devices()


@shared_task(name="portal.forget_registrations")
def forget_registrations() -> None:
    registrations.forget()


@shared_task(name="portal.take_registrations")
def take_registrations() -> None:
    registrations.take_registrations()
