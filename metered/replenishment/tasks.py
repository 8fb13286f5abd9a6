"""The stages as Celery runs them: until nothing is left, harmless when run twice."""

from __future__ import annotations

from celery import shared_task

from metered.replenishment import actions, backtests, nights, told


@shared_task(name="replenishment.fold")
def fold() -> None:
    """Take every untaken batch, and what people read by hand."""
    while actions.fold_batches():
        pass
    while actions.fold_reads():
        pass


@shared_task(name="replenishment.take_facts")
def take_facts() -> None:
    """What changed in accounts and fleet makes the addresses concerned due."""
    actions.notice_facts()


@shared_task(name="replenishment.decide")
def decide() -> None:
    """Weigh every address that is due, after the fleet's weekly lesson and a look into the ledger."""
    actions.learn_fleet()
    actions.notice_entries()
    while actions.review_addresses():
        pass


@shared_task(name="replenishment.begin_night")
def begin_night() -> None:
    """Cut tonight's run into shards, once."""
    nights.forget_nights()
    actions.learn_fleet()
    nights.begin_night()


@shared_task(name="replenishment.night")
def night() -> None:
    """Take the shards that are open, one after the other, beside other workers."""
    while nights.take_shard():
        pass


@shared_task(name="replenishment.keep_told")
def keep_told() -> None:
    """Settle what was told of run-outs, and once a month keep what is told now."""
    told.keep_told()


@shared_task(name="replenishment.backtest")
def backtest() -> None:
    """Play the parts of backtests that staff asked for, one after the other."""
    while backtests.take_shard():
        pass
