"""Supplies and how long they last. Pure: rows and the clock in, strings and picture rows out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import ngettext

from metered.lib import pictures, wording
from metered.portal.presentation.devices import label
from metered.portal.presentation.forecast import RunOut, days_until, range_text
from metered.portal.presentation.slots import colour, level_text, slot_name
from metered.reads.levels import decode


@dataclass(frozen=True)
class SupplyInUse:
    """What is in one slot, how long that lasts, and what is there after it."""

    device_public_id: str
    device_name: str
    model: str
    address: str
    reorder_number: str
    level: int | None
    """As reads.levels encodes it."""
    shelf: int
    on_the_way: int
    arrives_on: dt.date | None
    run_out: RunOut


@dataclass(frozen=True)
class SupplyRow:
    supply: str
    reorder_number: str
    device: str
    device_public_id: str
    address: str
    level: str
    shelf: str
    on_the_way: str
    runs_out: str


def row(item: SupplyInUse, now: dt.datetime) -> SupplyRow:
    return SupplyRow(
        supply=slot_name(item.run_out.kind, item.run_out.colorant),
        reorder_number=item.reorder_number,
        device=label(item.device_name, item.model),
        device_public_id=item.device_public_id,
        address=item.address,
        level=level_text(decode(item.level), item.run_out.kind),
        shelf=wording.grouped(item.shelf),
        on_the_way=wording.grouped(item.on_the_way),
        runs_out=range_text(item.run_out, now),
    )


def outlook_rows(items: Sequence[SupplyInUse], now: dt.datetime) -> list[pictures.OutlookRow]:
    """For pictures.outlook."""
    today = wording.local(now).date()
    return [
        pictures.OutlookRow(
            device=label(item.device_name, item.model),
            place=item.address,
            supply=slot_name(item.run_out.kind, item.run_out.colorant),
            colour=colour(item.run_out.kind, item.run_out.colorant),
            sure=days_until(item.run_out.sure, now),
            likely=days_until(item.run_out.likely, now),
            arrives=max(0, (item.arrives_on - today).days) if item.arrives_on else None,
        )
        for item in items
    ]


def counted(found: int) -> str:
    return ngettext("%(n)s supply", "%(n)s supplies", found) % {"n": wording.grouped(found)}
