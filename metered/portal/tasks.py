from __future__ import annotations

from celery import shared_task

from metered.portal import actions, publishing, registrations


@shared_task(name="portal.tell_of_silent_devices")
def tell_of_silent_devices() -> None:
    actions.tell_of_silent_devices()


@shared_task(name="portal.tell_of_agents")
def tell_of_agents() -> None:
    actions.tell_of_agents()


@shared_task(name="portal.tell_of_shortages")
def tell_of_shortages() -> None:
    actions.tell_of_shortages()


@shared_task(name="portal.tell_of_bulletins")
def tell_of_bulletins() -> None:
    actions.tell_of_bulletins()


@shared_task(name="portal.remind_of_bulletins")
def remind_of_bulletins() -> None:
    actions.remind_of_bulletins()


@shared_task(name="portal.tell_subscribers")
def tell_subscribers() -> None:
    publishing.tell_subscribers()


@shared_task(name="portal.forget_registrations")
def forget_registrations() -> None:
    registrations.forget()


@shared_task(name="portal.take_registrations")
def take_registrations() -> None:
    registrations.take_registrations()
