"""One round: ask the printers that are due, make reports of their answers, keep it all in one transaction."""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from metered.agent import report
from metered.agent.batch import encoded
from metered.agent.collect import Collector, Outcome, Target, What
from metered.agent.schedule import Plan, meters_due, supplies_due
from metered.agent.spool import Spool
from metered.agent.spool_rows import Attempt, Printer, Reading
from metered.agent.walk import WalkError

MOST = 500
"""Printers of one round, so that none waits long to be on the disk."""


@dataclass(slots=True)
class Round:
    """What came of it. `failed`: host → why, of those that were not read; `news`: lines for the log."""

    readings: list[Reading] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    news: list[str] = field(default_factory=list)


def due(printers: Sequence[Printer], plan: Plan, now: dt.datetime) -> dict[What, list[Printer]]:
    """At most MOST printers; those whose meters are due come first."""
    meters = [each for each in printers if meters_due(plan, each.serial or each.host, each.past, now)]
    chosen = {(each.host, each.port) for each in meters}
    supplies = [
        each
        for each in printers
        if (each.host, each.port) not in chosen
        and supplies_due(plan, each.serial or each.host, each.past, now)
    ]
    return {What.EVERYTHING: meters[:MOST], What.SUPPLIES: supplies[: MOST - len(meters[:MOST])]}


async def ask(
    collector: Collector,
    asked: Mapping[What, Sequence[Printer]],
    target: Callable[[Printer], Target],
    serials: Mapping[str, str],
    *,
    clock: Callable[[], dt.datetime],
    stop: asyncio.Event,
    alive: Callable[[], None] = lambda: None,
) -> Round:
    """Asks them all, until `stop`: what came until then counts, the rest is due again."""
    done = Round()
    for what, printers in asked.items():
        before = {(each.host, each.port): each for each in printers}
        async with aclosing(collector.round([target(each) for each in printers], what)) as outcomes:
            async for outcome in outcomes:
                alive()
                place = (outcome.target.host, outcome.target.port)
                _take(done, outcome, before[place], what, serials, clock())
                if stop.is_set():
                    return done
    return done


def keep(spool: Spool, done: Round, memory: str | None) -> None:
    """All of the round or nothing. Raises SpoolError."""
    if done.attempts:
        spool.add(done.readings, done.attempts, memory)


def _take(
    done: Round, outcome: Outcome, before: Printer, what: What, serials: Mapping[str, str], now: dt.datetime
) -> None:
    target = outcome.target
    now = now.replace(microsecond=0)
    meters = what is What.EVERYTHING
    try:
        if outcome.walk is None:
            raise WalkError(outcome.error or "did not answer")
        made = report.read(outcome.walk, observed_at=now, serial=serials.get(target.host), with_meters=meters)
    except WalkError as error:
        done.failed[target.host] = str(error)
        done.attempts.append(Attempt(target.host, target.port, now, meters, error=str(error)))
        if not before.past.failures:
            done.news.append(f"{_name(before)} was not read: {error}")
        return
    content = made.as_json() | {"host": target.host, "complete": made.complete and outcome.complete}
    reading = Reading(
        serial=made.serial,
        host=target.host,
        observed_at=now,
        meters=bool(made.meters),
        levels=bool(made.supplies),
        body=encoded(content),
    )
    done.readings.append(reading)
    done.attempts.append(Attempt(target.host, target.port, now, meters, made.serial, made.model, made.vendor))
    if before.past.failures:
        done.news.append(f"{_name(before)} answers again")
    if before.serial and made.serial and before.serial != made.serial:
        done.news.append(f"{target.host} is another printer now: {made.serial} instead of {before.serial}")


def _name(printer: Printer) -> str:
    return f"{printer.host} ({printer.serial})" if printer.serial else printer.host
