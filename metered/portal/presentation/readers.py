"""The device agent behind a device, in words. Pure."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext as _

from metered.lib import wording


def behind_silent_agent(reader: Any, now: dt.datetime) -> str:
    """Why a device is silent whose agent is. `reader`: queries.agents.Reader, silent."""
    values = {"agent": reader.name, "span": wording.since(reader.silent_since, now)}
    if not reader.name:
        return (
            _("The device agent that reads it has been silent for %(span)s: it need not be the device.")
            % values
        )
    return (
        _("The device agent %(agent)s that reads it has been silent for %(span)s: it need not be the device.")
        % values
    )
