from __future__ import annotations

from celery import shared_task

from metered.returns import actions


@shared_task(name="returns.take_facts")
def take_facts() -> None:
    actions.take_facts()


@shared_task(name="returns.look_for_leftovers")
def look_for_leftovers() -> None:
    actions.look_for_leftovers()


@shared_task(name="returns.remind")
def remind() -> None:
    actions.remind()


@shared_task(name="returns.answer_due")
def answer_due() -> None:
    actions.answer_due()


@shared_task(name="returns.take_unconfirmed")
def take_unconfirmed() -> None:
    actions.take_unconfirmed()
