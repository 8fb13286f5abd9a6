"""Files that go with a mail. They are made when it is sent, as links are; none is kept in its row.

What makes them stands downstream, which this app doesn't know: an app registers its maker in its
AppConfig.ready(). A message names what it wants in its values:
``"attachments": [{"kind": "return_papers", "ref": "<public id>"}]``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone, translation

from metered.lib.zones import time_zone_or_none
from metered.notify.models import Message


@dataclass(frozen=True)
class Attachment:
    filename: str
    content: bytes
    mimetype: str


Make = Callable[[str], list[Attachment]]
"""From a reference to the files, in the language and zone that are active. It may be called again."""

_MAKERS: dict[str, Make] = {}


def register(kind: str, make: Make) -> None:
    """Says who makes the files of that kind. Raises ValueError when somebody else does already."""
    if _MAKERS.setdefault(kind, make) != make:
        raise ValueError(f"attachments of the kind {kind!r} have a maker already")


def names_some(values: Mapping[str, Any]) -> bool:
    """Whether a message with these values brings files."""
    return bool(values.get("attachments"))


def check(values: Mapping[str, Any]) -> None:
    """Raises ValueError for attachments that nobody could make: found when posted, not when sent."""
    for wanted in values.get("attachments", ()):
        if set(wanted) != {"kind", "ref"} or wanted["kind"] not in _MAKERS:
            raise ValueError(f"no attachment: {wanted!r}")


def made(message: Message) -> list[Attachment]:
    """The files of a message in its order, in its language and zone.

    Raises KeyError for a kind that nobody makes any more, and whatever a maker raises.
    """
    zone = time_zone_or_none(message.time_zone) or dt.UTC
    with translation.override(message.language), timezone.override(zone):
        return [
            attachment
            for wanted in message.values.get("attachments", ())
            for attachment in _MAKERS[wanted["kind"]](wanted["ref"])
        ]
