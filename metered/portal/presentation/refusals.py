"""Why a device's last attempt to report was refused, in words."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from metered.lib import wording
from metered.reads.judge import AGENT_LEADS


def is_refused(
    refused_at: dt.datetime | None, received_at: dt.datetime | None, agent_at: dt.datetime | None = None
) -> bool:
    """Whether the last attempt was refused: nothing got through since, or ever.

    `agent_at`: when an agent last reported the device; while one does, its own attempts don't matter.
    """
    if refused_at is None or (agent_at is not None and refused_at < agent_at + AGENT_LEADS):
        return False
    return received_at is None or refused_at > received_at


def why_refused(reason: str, bulletin: Any, today: dt.date) -> str:
    """The end of a sentence. `reason` as ingest writes it; `bulletin` of the model, None without one."""
    if reason == "tls_below_minimum":
        return _("its connection is older than TLS 1.2.")
    if reason != "software_below_minimum":
        return _("we could not accept what it sent.")
    if bulletin is None:
        return _("its software is below the minimum for its model.")
    values = {"needs": bulletin.minimum_software, "date": wording.full_day(bulletin.from_date)}
    if bulletin.from_date > today:
        # The date was put off since.
        return _("its software is below the minimum %(needs)s.") % values
    return _("its software is below the minimum %(needs)s, required since %(date)s.") % values


def way_out(reason: str, *, instructions: str, by_agent: bool) -> str:
    """What to do about it."""
    if reason == "tls_below_minimum":
        parts = [_("Switch on TLS 1.2 in its network settings, or update its software.")]
    elif reason == "software_below_minimum":
        parts = [instructions.strip() or _("Update its software.")]
    else:
        return _("Write to support, and have its serial number ready.")
    if by_agent:
        parts.append(_("Or let a device agent on your network report for it."))
    return " ".join(parts)
