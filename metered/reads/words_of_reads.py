"""What is said about a typed read. Pure: doubts in, sentences out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext as _

from metered.lib import wording
from metered.lib.said import said, said_n
from metered.reads.plausible import Doubt, Slip


def named(meter: str, names: Mapping[str, str]) -> str:
    """A meter's name at the beginning of a sentence."""
    name = names.get(meter, meter)
    return name[:1].upper() + name[1:]


def pages(count: int) -> str:
    return said_n("%(n)s page", "%(n)s pages", count)


def doubt_sentence(doubt: Doubt, names: Mapping[str, str]) -> str:
    """Why a read is asked about, in one sentence or two."""
    meter = named(doubt.meter, names) if doubt.meter else ""
    gap, printed, usual = abs(doubt.pages), pages(max(doubt.pages, 0)), pages(max(doubt.usual or 0, 0))
    if doubt.problem == "below":
        return said("%(meter)s is %(gap)s below the last read.", meter=meter, gap=gap)
    if doubt.problem == "after":
        return said("%(meter)s is %(gap)s above the next read.", meter=meter, gap=gap)
    if doubt.problem == "idle":
        return said("The same as last time, although about %(usual)s would be usual.", usual=usual)
    if doubt.problem == "part":
        return said("%(meter)s rose by %(pages)s, more than the total did.", meter=meter, pages=printed)
    if doubt.meter and doubt.meter != "total":
        return said(
            "%(meter)s rose by %(pages)s since the last read; about %(usual)s would be usual.",
            meter=meter,
            pages=printed,
            usual=usual,
        )
    return said(
        "That makes %(pages)s since the last read; about %(usual)s would be usual.",
        pages=printed,
        usual=usual,
    )


def slip_sentence(slip: Slip | None, device: str = "") -> str:
    """The likely slip, as a question; empty without one. `device`: the neighbour's name."""
    if slip is None:
        return ""
    return {
        "transposed": _("Were two digits swapped?"),
        "swapped": _("Were two meters swapped?"),
        "doubled": _("Was a digit typed twice?"),
        "wrong": _("Is one digit wrong?"),
        "missing": _("Is a digit missing?"),
        "neighbour": _("It would fit %(device)s. Was it read there?") % {"device": device},
        "controller": _("Was the controller replaced? Then tick that below."),
    }[slip.kind]


def good_sentence(count: int | None, since: dt.date | None, today: dt.date) -> str:
    """What a likely read says: 1,204 pages since 25 October."""
    if count is None or count < 0:
        return _("The first read of this device.") if since is None else _("Kept.")
    if since is None:
        return pages(count)
    return _("%(pages)s since %(day)s") % {"pages": pages(count), "day": wording.day(since, today)}
