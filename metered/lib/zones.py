"""Time zones by their names in the IANA database, such as Europe/Berlin."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


def time_zone_or_none(name: str) -> ZoneInfo | None:
    """The zone of that name, or None when it is empty or unknown."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def validate_time_zone(name: str) -> None:
    """Raises ValidationError for a name that no zone has."""
    if name and time_zone_or_none(name) is None:
        raise ValidationError(_("This is no time zone; write it like Europe/Berlin."), code="time_zone")
