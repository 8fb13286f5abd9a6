"""Ordering in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.orders.presentation import items, swatch
from metered.orders.sheet import lines_of
from metered.replenishment.explain import in_machine

if TYPE_CHECKING:
    from metered.orders.ordering import Line, Page, Review, Row
    from metered.replenishment.offers import Offer
    from metered.stock.models import Pool

NAMED = 3
"""So many devices are named with a supply; the rest is counted."""


@dataclass(frozen=True)
class SupplyRow:
    """One supply on the page for ordering."""

    pool: str
    name: str
    reorder_number: str
    swatch: str
    devices: str
    machine: str
    shelf: str
    on_the_way: str
    suggested: int
    limit: str
    ask: str
    """Why it should be counted now; empty when there is no need."""
    in_cart: int


@dataclass(frozen=True)
class ReviewLine:
    name: str
    reorder_number: str
    swatch: str
    quantity: int
    devices: str
    notes: list[str]
    """What is to be known before confirming: what waits, and for what."""
    again: str
    """The question whether it isn't on its way already; empty when there is nothing to ask."""
    bad: str


def supply_row(row: Row, page: Page, now: dt.datetime) -> SupplyRow:
    return SupplyRow(
        pool=row.pool.public_id,
        name=row.pool.supply.name,
        reorder_number=row.pool.supply.reorder_number,
        swatch=swatch(row.pool.supply.kind, row.pool.supply.colorant),
        devices=_devices([str(device.label) for device in row.devices]),
        machine=_machine(row.offer),
        shelf=_shelf(row.pool, now),
        on_the_way=wording.grouped(row.pool.on_the_way),
        suggested=row.offer.suggested,
        limit=limit_text(row.offer, row.pool.shelf, row.pool.on_the_way, row.room, urgent=page.urgent),
        ask=_ask(row),
        in_cart=row.in_cart,
    )


def limit_text(offer: Offer, shelf: int, on_the_way: int, room: int, *, urgent: bool) -> str:
    """The limit and its working: up to 2 now: 3 needed in 60 days, 1 on your shelf, none on the way."""
    if urgent:
        return ngettext("Up to %(n)s leaves at once.", "Up to %(n)s leave at once.", room) % {"n": room}
    needed = ngettext(
        "%(need)s is needed within %(days)s days; %(shelf)s on your shelf, %(coming)s on the way.",
        "%(need)s are needed within %(days)s days; %(shelf)s on your shelf, %(coming)s on the way.",
        offer.need,
    ) % {
        "need": offer.need or _("None"),
        "days": settings.ORDER_LIMIT_DAYS,
        "shelf": shelf,
        "coming": on_the_way,
    }
    first = _("Up to %(n)s now.") % {"n": room} if room else _("None is due now.")
    unknown = "" if offer.known else " " + _("Its use is not known yet; this is that of devices like it.")
    return f"{first} {needed}{unknown}"


def review_line(line: Line, *, urgent: bool) -> ReviewLine:
    notes = []
    if line.waits:
        room = _("Leaving now: %(sent)s. Waiting: %(waits)s.") if line.sent else _("Waiting: %(waits)s.")
        notes.append(room % {"sent": line.sent, "waits": line.waits})
        if line.offer is not None:
            notes.append(
                limit_text(line.offer, line.pool.shelf, line.pool.on_the_way, line.sent, urgent=urgent)
            )
        notes.append(
            _("They leave by themselves once a count of your shelf explains them; your last is too old.")
            if line.stale
            else _("They leave once a meter read or we ourselves can explain them; we write to you.")
        )
    again = ""
    if line.lately:
        last = line.lately[-1]
        again = _(
            "%(n)s × %(supply)s for the same device is on %(number)s of %(day)s. Is it not on its way?"
        ) % {
            "n": last.quantity,
            "supply": line.pool.supply.reorder_number,
            "number": last.order.number,
            "day": wording.day(wording.local(last.order.placed_at).date()),
        }
    return ReviewLine(
        name=line.pool.supply.name,
        reorder_number=line.pool.supply.reorder_number,
        swatch=swatch(line.pool.supply.kind, line.pool.supply.colorant),
        quantity=line.quantity,
        devices=str(line.device.label) if line.device else "",
        notes=notes,
        again=again,
        bad="" if line.fits else _("It can't be sent to this address any more. Change your order."),
    )


def arrival_text(page: Page | Review, now: dt.datetime, *, urgent: bool) -> str:
    today = wording.local(now).date()
    when = wording.on(page.arrives_on, today)
    if urgent:
        return _("Urgent: it leaves before all others and can be there %(when)s at the earliest.") % {
            "when": when
        }
    text = _("Usually there %(when)s.") % {"when": when}
    if page.opens_on:
        closed = _("Your address is closed: it leaves on %(day)s.") % {"day": wording.long_day(page.opens_on)}
        text = f"{closed} {text}"
    return text


def review_title(review: Review) -> str:
    total = items(sum(line.quantity for line in review.lines))
    word = (
        _("Order %(items)s urgently for %(address)s?")
        if review.cart.urgent
        else _("Order %(items)s for %(address)s?")
    )
    return word % {"items": total, "address": review.cart.address.name}


def ship_to(review: Review) -> list[str]:
    return lines_of(review.cart.address.current)


def _devices(labels: list[str]) -> str:
    if len(labels) <= NAMED:
        return ", ".join(labels)
    rest = len(labels) - NAMED
    more = ngettext("%(n)s more device", "%(n)s more devices", rest) % {"n": wording.grouped(rest)}
    return _("%(names)s and %(more)s") % {"names": ", ".join(labels[:NAMED]), "more": more}


def _machine(offer: Offer) -> str:
    slots = offer.reason.get("slots") or []
    return in_machine(offer.reason, slots[0]) if slots else _("not reported")


def _shelf(pool: Pool, now: dt.datetime) -> str:
    if pool.counted_at is None:
        return _("%(n)s, never counted") % {"n": wording.grouped(pool.shelf)}
    day = wording.day(wording.local(pool.counted_at).date(), wording.local(now).date())
    return _("%(n)s, counted %(day)s") % {"n": wording.grouped(pool.shelf), "day": day}


def _ask(row: Row) -> str:
    if not row.stale:
        return ""
    if row.pool.counted_at is None:
        return _("Please count: it never was.")
    return _("Please count: the last count is old.")
