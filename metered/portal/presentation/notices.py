"""Notices in words. Pure: rows and the clock in, strings out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.templatetags.static import static
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from metered.lib import wording
from metered.lib.markdown import fill, to_html
from metered.portal.presentation.printers import countdown
from metered.portal.presentation.texts import facts


@dataclass(frozen=True)
class Told:
    """A notice as it is shown. `kind`: warn or bad while a date asks for something, else empty."""

    public_id: str
    title: str
    act_by: str
    """Act by 15 February 2027, in 84 days. Empty without a date."""
    kind: str
    since: str
    url: str
    html: SafeString | None = None


def told(notice: Any, now: dt.datetime, *, whole: bool = False) -> Told:
    """One notice; with its text when `whole`."""
    today = wording.local(now).date()
    act_by, kind = "", ""
    if notice.act_by:
        values = {"date": wording.full_day(notice.act_by), "when": countdown(notice.act_by, today)}
        act_by = (
            _("Act by %(date)s, %(when)s") % values
            if notice.act_by >= today
            else _("The date was %(date)s, %(when)s") % values
        )
        kind = "bad" if (notice.act_by - today).days <= 7 else "warn"
    return Told(
        public_id=notice.public_id,
        title=notice.title,
        act_by=act_by,
        kind=kind,
        since=wording.full_day(wording.local(notice.starts_at).date()),
        url=f"/notices/{notice.public_id}/",
        html=to_html(fill(notice.body, facts()), lambda name: static(f"img/{name}")) if whole else None,
    )


def heading(count: int) -> str:
    if not count:
        return _("No notices at the moment")
    return _("What you should know")
