"""Codes that stand in an observation. Pure."""

from __future__ import annotations

import enum

SHEETS, OTHER = "_sheets", "_other"
"""How the words of meters end that count something else than impressions (judge.meter_key)."""


class Path(enum.IntEnum):
    """By whom an observation came (`Observation.path`)."""

    AGENT = 0
    DIRECT = 1


class Note(enum.IntFlag):
    """What is odd about an observation (`Observation.notes`)."""

    CLOCK = 1
    """The machine's clock was wrong; it is kept under its time of receipt (domain rule 11)."""
    METER_HELD = 2
    """Its meters are below the last ones and not believed yet; its levels count."""
    ROLLOVER = 4
    """A meter passed its maximum and started again."""
    CONTROLLER_REPLACED = 8
    """Lower meters were confirmed by this observation: counting goes on from them."""
    INCOMPLETE = 16
    """Part of the device did not answer; what is missing is absent, never zero."""
    LATE = 32
    """It arrived after a younger one."""
    SECOND = 64
    """The device's own report beside an agent's: it is contact and history, and nothing is worked out from
    it (domain rule 15)."""
