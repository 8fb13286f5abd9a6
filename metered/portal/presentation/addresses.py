"""Addresses in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.accounts.announcements import lines_of
from metered.accounts.postal import written
from metered.lib import wording

if TYPE_CHECKING:
    from metered.accounts.models import AddressClosure, AddressVersion
    from metered.portal.queries.addresses import Whole


@dataclass(frozen=True)
class AddressRow:
    name: str
    url: str
    lines: str
    devices: str
    orders: str
    note: str
    kind: str


def row(item: Mapping[str, Any], today: dt.date) -> AddressRow:
    fields = {name: item[f"current__{name}"] or "" for name in ("lines", "city", "region", "postal_code")}
    country = item["current__country"] or ""
    note, kind = "", ""
    if item["refused_reason"]:
        note, kind = item["refused_reason"], "bad"
    elif item["closes"]:
        note, kind = _("Closed %(when)s") % {"when": _from(item["closes"], today)}, "warn"
    return AddressRow(
        name=item["name"],
        url=reverse("address", args=[item["public_id"]]),
        lines=", ".join([*written(country, fields), wording.country(country)]) if country else "",
        devices=devices_text(item["devices_here"]),
        orders=orders_text(item["unshipped"]),
        note=note,
        kind=kind,
    )


def _from(day: dt.date, today: dt.date) -> str:
    return _("now") if day <= today else _("from %(day)s") % {"day": wording.day(day, today)}


def devices_text(count: int) -> str:
    return ngettext("%(n)s device", "%(n)s devices", count) % {"n": wording.grouped(count)}


def orders_text(count: int) -> str:
    if not count:
        return _("none")
    return ngettext("%(n)s order", "%(n)s orders", count) % {"n": wording.grouped(count)}


def heading(count: int) -> str:
    if not count:
        return _("Your shipping addresses will stand here")
    return _("Where your supplies are sent")


@dataclass(frozen=True)
class Closed:
    id: int
    text: str
    reason: str


def closed(item: AddressClosure, today: dt.date) -> Closed:
    if item.starts_on == item.ends_on:
        text = wording.day(item.starts_on, today)
    else:
        text = _("%(first)s to %(last)s") % {
            "first": wording.day(item.starts_on, today),
            "last": wording.day(item.ends_on, today),
        }
    return Closed(item.pk, text, item.reason)


@dataclass(frozen=True)
class Earlier:
    when: str
    who: str
    lines: list[str]


def earlier(version: AddressVersion) -> Earlier:
    who = str(version.created_by) if version.created_by else ""
    return Earlier(wording.stamp(version.created_at), who, lines_of(version))


@dataclass(frozen=True)
class Sheet:
    name: str
    public_id: str
    retired: str
    refused: str
    lines: list[str]
    contact: str
    phone: str
    phone_link: str
    delivery_note: str
    time_zone: str
    worded: str
    devices: list[tuple[str, str, str]]
    """Public id, label, place."""
    more_devices: str
    orders: list[tuple[str, str]]
    """Public id and number."""
    more_orders: int
    closures: list[Closed]
    earlier: list[Earlier]


def sheet(whole: Whole, today: dt.date) -> Sheet:
    address, version = whole.address, whole.address.current
    fields = {
        name: getattr(version, name) if version else ""
        for name in ("recipient", "lines", "city", "region", "postal_code")
    }
    country = version.country if version else address.country
    worded = ""
    if version is not None:
        when = wording.stamp(version.created_at)
        worded = _("Since %(when)s") % {"when": when}
        if version.created_by:
            worded = _("Since %(when)s, by %(who)s") % {"when": when, "who": version.created_by}
    more = whole.device_count - len(whole.devices)
    more_text = ngettext("%(n)s more device", "%(n)s more devices", more) % {"n": wording.grouped(more)}
    return Sheet(
        name=address.name,
        public_id=address.public_id,
        retired=wording.stamp(address.retired_at) if address.retired_at else "",
        refused=address.refused_reason,
        lines=[*written(country, fields), wording.country(country)],
        contact=version.contact if version else "",
        phone=version.phone if version else "",
        phone_link="".join(sign for sign in version.phone if sign.isdigit() or sign == "+")
        if version
        else "",
        delivery_note=version.delivery_note if version else "",
        time_zone=address.time_zone.replace("_", " "),
        worded=worded,
        devices=[(row.public_id, row.label, row.place) for row in whole.devices],
        more_devices=more_text if more > 0 else "",
        orders=[(row.public_id, row.number) for row in whole.orders],
        more_orders=max(whole.order_count - len(whole.orders), 0),
        closures=[closed(row, today) for row in whole.closures],
        earlier=[earlier(row) for row in whole.earlier],
    )


def numbers(orders: Sequence[tuple[str, str]], more: int) -> str:
    """SO-1, SO-2 and 3 more."""
    text = ", ".join(number for _public_id, number in orders)
    if more > 0:
        return ngettext("%(orders)s and %(n)s more", "%(orders)s and %(n)s more", more) % {
            "orders": text,
            "n": wording.grouped(more),
        }
    return text


def saved(sheet: Sheet) -> str:
    """What an edit did: said after it as it was said before."""
    if not sheet.orders:
        return _("%(address)s is changed. The owners of the account get a mail.") % {"address": sheet.name}
    return _(
        "%(address)s is changed. %(orders)s will be sent there. The owners of the account get a mail."
    ) % {
        "address": sheet.name,
        "orders": numbers(sheet.orders, sheet.more_orders),
    }
