"""`status`: what the agent has, what it waits for, and what needs a person. Text for people, or JSON."""

import datetime as dt
from typing import Any

from metered.agent import VERSION
from metered.agent.config import Config
from metered.agent.deliver import is_older
from metered.agent.report import utc
from metered.agent.service import is_running
from metered.agent.spool import Spool
from metered.agent.spool_rows import Aside, Printer, State

MOST_LISTED = 20


def as_json(config: Config, spool: Spool, now: dt.datetime) -> dict[str, Any]:
    """Everything, unabridged; moments in UTC, sizes in bytes."""
    state = spool.state()
    return {
        "version": VERSION,
        "instance": spool.instance,
        "running": is_running(config.folder),
        "portal": config.portal.url,
        "minimum_agent_version": spool.fact("minimum_agent_version"),
        "delivered_at": spool.fact("delivered_at"),
        "problem": spool.fact("problem") or None,
        "searched_at": spool.fact("searched_at"),
        "printers": state.printers,
        "silent": state.silent,
        "waiting": state.waiting,
        "oldest": utc(state.oldest) if state.oldest else None,
        "spool_bytes": state.size,
        "spool_most_bytes": spool.limits.most_bytes,
        "dropped_levels": state.dropped_levels,
        "dropped_meters": state.dropped_meters,
        "dropped_at": utc(state.dropped_at) if state.dropped_at else None,
        "refused": [
            {
                "serial": each.serial,
                "host": each.host,
                "reason": each.reason,
                "detail": each.detail,
                "readings": each.count,
                "at": utc(each.last_at),
            }
            for each in spool.aside()
        ],
        "warnings": [
            {"serial": each.serial, "reason": each.reason, "detail": each.detail, "at": utc(each.at)}
            for each in spool.warnings()
        ],
        "not_read": [
            {"host": each.host, "serial": each.serial, "error": each.error, "failures": each.past.failures}
            for each in spool.printers()
            if each.error
        ],
    }


def lines(config: Config, spool: Spool, now: dt.datetime) -> list[str]:
    state = spool.state()
    running = "running" if is_running(config.folder) else "not running"
    told = [
        f"metered-agent {VERSION}, {running}",
        f"portal     {config.portal.url}, {_delivered(spool, now)}",
        f"printers   {state.printers:,} known, {state.silent:,} of them did not answer the last time",
        f"waiting    {state.waiting:,}{_oldest(state, now)}, {state.size / 1e6:,.1f} of"
        f" {spool.limits.most_bytes / 1e6:,.0f} MB",
    ]
    if state.dropped_at:
        told.append(
            f"dropped    levels of {state.dropped_levels:,} readings and {state.dropped_meters:,} readings"
            f" with meters, last {_ago(state.dropped_at, now)}: the spool was full or they were too old"
        )
    problem, least = spool.fact("problem"), spool.fact("minimum_agent_version")
    if problem:
        told.append(f"problem    {problem}")
    if least and is_older(VERSION, least):
        told.append(f"update     the portal asks for metered-agent {least} or later")
    told += _listed("refused by the portal, set aside:", [_aside(each, now) for each in spool.aside()])
    told += _listed(
        "accepted with a warning, last 7 days:",
        [f"{each.serial}  {each.reason}: {each.detail}" for each in spool.warnings()],
    )
    told += _listed("not read:", [_not_read(each, now) for each in spool.printers() if each.error])
    return told


def _delivered(spool: Spool, now: dt.datetime) -> str:
    last = spool.fact("delivered_at")
    return f"last delivery {_ago(dt.datetime.fromisoformat(last), now)}" if last else "nothing delivered yet"


def _oldest(state: State, now: dt.datetime) -> str:
    said = " reading" if state.waiting == 1 else " readings"
    return f"{said}, the oldest of {_ago(state.oldest, now)}" if state.oldest else said


def _aside(each: Aside, now: dt.datetime) -> str:
    who = each.serial or f"{each.host} (tells no serial number)"
    many = f"{each.count:,} reading" + ("" if each.count == 1 else "s")
    return f"{who}  {each.reason}, {many}, last {_ago(each.last_at, now)}. {each.detail}".rstrip()


def _not_read(each: Printer, now: dt.datetime) -> str:
    last = each.past.supplies_at
    return (
        f"{each.host}  {each.serial or 'serial unknown'}, last read {_ago(last, now) if last else 'never'}:"
        f" {each.error}"
    )


def _listed(title: str, entries: list[str]) -> list[str]:
    if not entries:
        return []
    more = (
        [f"  and {len(entries) - MOST_LISTED:,} more (status --json lists all)"]
        if len(entries) > MOST_LISTED
        else []
    )
    return ["", title, *(f"  {entry}" for entry in entries[:MOST_LISTED]), *more]


def _ago(moment: dt.datetime, now: dt.datetime) -> str:
    seconds = (now - moment).total_seconds()
    if seconds < 0:
        return f"at {utc(moment)}, which is in the future: was the clock set back?"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        many = int(seconds // length)
        if many:
            return f"{many:,} {unit}{'' if many == 1 else 's'} ago"
    return "just now"
