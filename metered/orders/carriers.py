"""Where a parcel can be followed. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

LINKS: Mapping[str, str] = {
    "ups": "https://www.ups.com/track?tracknum={tracking}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={tracking}",
    "dhl": "https://www.dhl.com/en/express/tracking.html?AWB={tracking}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={tracking}",
    "dpd": "https://tracking.dpd.de/status/en_US/parcel/{tracking}",
    "gls": "https://gls-group.com/track/{tracking}",
    "purolator": "https://www.purolator.com/en/shipping/tracker?pin={tracking}",
    "canadapost": "https://www.canadapost-postescanada.ca/track-reperage/en#/search?searchFor={tracking}",
}
"""By the carrier's name in lower-case letters and digits."""


def tracking_url(carrier: str, tracking: str) -> str:
    """The carrier's page about the parcel; empty when the carrier is unknown or there is no number.

    “UPS Ground” and “DHL Express” are their first word's carrier.
    """
    if not tracking:
        return ""
    words = re.findall(r"[a-z0-9]+", carrier.lower())
    for name in ("".join(words), "".join(words[:2]), *words[:1]):
        if name in LINKS:
            return LINKS[name].format(tracking=quote(tracking, safe=""))
    return ""
