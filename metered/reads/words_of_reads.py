"""What is said about a typed read. Pure: doubts in, sentences out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.lib import wording
from metered.reads.plausible import Doubt, Slip


def named(meter: str, names: Mapping[str, str]) -> str:
    """A meter's name at the beginning of a sentence."""
    name = names.get(meter, meter)
    return name[:1].upper() + name[1:]


def pages(count: int) -> str:
    return ngettext("%(n)s page", "%(n)s pages", count) % {"n": wording.grouped(count)}


def doubt_sentence(doubt: Doubt, names: Mapping[str, str]) -> str:
    """Why a read is asked about, in one sentence or two."""
    values = {
        "meter": named(doubt.meter, names) if doubt.meter else "",
        "gap": wording.grouped(abs(doubt.pages)),
        "pages": pages(max(doubt.pages, 0)),
        "usual": pages(max(doubt.usual or 0, 0)),
    }
    if doubt.problem == "below":
        return _("%(meter)s is %(gap)s below the last read.") % values
    if doubt.problem == "after":
        return _("%(meter)s is %(gap)s above the next read.") % values
    if doubt.problem == "idle":
        return _("The same as last time, although about %(usual)s would be usual.") % values
    if doubt.problem == "part":
        return _("%(meter)s rose by %(pages)s, more than the total did.") % values
    if doubt.meter and doubt.meter != "total":
        return _("%(meter)s rose by %(pages)s since the last read; about %(usual)s would be usual.") % values
    return _("That makes %(pages)s since the last read; about %(usual)s would be usual.") % values


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
