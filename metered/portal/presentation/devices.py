"""Rows of the list of devices. Pure, and ready strings: fifty rows of six levels at each request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.portal.presentation.contact import contact
from metered.portal.presentation.forecast import RunOut, run_out_text
from metered.portal.presentation.slots import slot_name, small_bar


@dataclass(frozen=True, slots=True)
class DeviceRow:
    public_id: str
    label: str
    serial: str
    where: str
    levels: SafeString
    contact: str
    contact_kind: str
    runs_out: str
    runs_out_what: str


def label(name: str, model: str) -> str:
    """What people call a device: Front desk · VersaLink C7130."""
    return f"{name} · {model}" if name else model


def row(device: Mapping[str, Any], run_out: RunOut | None, now: dt.datetime) -> DeviceRow:
    """`device`: values of queries.devices.page; `run_out`: the soonest of its supplies, if any is known."""
    heard = contact(device["state__received_at"], device["path"], device["installed_on"], now)
    bars = "".join(map(small_bar, device["state__levels"] or (), device["state__slot_keys"] or ()))
    return DeviceRow(
        public_id=device["public_id"],
        label=label(device["name"], device["model__name"]),
        serial=device["serial"],
        where=" · ".join(part for part in (device["address__name"], device["place"]) if part),
        levels=mark_safe(bars),  # noqa: S308 (pictures escape what they draw)
        contact=heard.text,
        contact_kind=heard.kind,
        runs_out=run_out_text(run_out, now) if run_out else "",
        runs_out_what=slot_name(run_out.kind, run_out.colorant) if run_out else "",
    )


def counted(found: int, whole: int, narrowed: bool) -> str:
    """2,000 devices, or 12 of 2,000 devices."""
    every = ngettext("%(n)s device", "%(n)s devices", whole) % {"n": wording.grouped(whole)}
    if narrowed:
        return _("%(found)s of %(every)s") % {"found": wording.grouped(found), "every": every}
    return every


def heading(whole: int) -> str:
    """The page's heading: Your 60 devices, and what runs out first."""
    if not whole:
        return _("Your devices will stand here")
    return ngettext(
        "Your device, and when its supplies run out",
        "Your %(n)s devices, and what runs out first",
        whole,
    ) % {"n": wording.grouped(whole)}
