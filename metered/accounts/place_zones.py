"""The time zones of a country, and the one of a place in it. Pure; the zones are those of the tz database."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

_BY_REGION: Mapping[str, Mapping[str, str]] = {
    "US": {
        "America/New_York": "CT DC DE FL GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        "America/Detroit": "MI",
        "America/Indiana/Indianapolis": "IN",
        "America/Kentucky/Louisville": "KY",
        "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
        "America/Denver": "CO MT NM UT WY",
        "America/Boise": "ID",
        "America/Phoenix": "AZ",
        "America/Los_Angeles": "CA NV OR WA",
        "America/Anchorage": "AK",
        "Pacific/Honolulu": "HI",
        "America/Puerto_Rico": "PR VI",
        "Pacific/Guam": "GU MP",
        "Pacific/Pago_Pago": "AS",
    },
    "CA": {
        "America/Toronto": "ON QC",
        "America/Halifax": "NS PE",
        "America/Moncton": "NB",
        "America/St_Johns": "NL",
        "America/Winnipeg": "MB",
        "America/Regina": "SK",
        "America/Edmonton": "AB NT",
        "America/Vancouver": "BC",
        "America/Whitehorse": "YT",
        "America/Iqaluit": "NU",
    },
    "AU": {
        "Australia/Sydney": "ACT NSW",
        "Australia/Melbourne": "VIC",
        "Australia/Brisbane": "QLD",
        "Australia/Adelaide": "SA",
        "Australia/Perth": "WA",
        "Australia/Hobart": "TAS",
        "Australia/Darwin": "NT",
    },
}
"""Where most people of a region live; who lives elsewhere chooses."""


@lru_cache(maxsize=1)
def _table() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    text = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            country, _where, zone = line.split("\t")[:3]
            found.setdefault(country, []).append(zone)
    return found


def suggested(country: str, region: str = "") -> str:
    """The zone of a region (its code), else the first of its country; empty for a country without any."""
    for zone, regions in _BY_REGION.get(country, {}).items():
        if region in regions.split():
            return zone
    if country == "AU":
        return "Australia/Sydney"
    if country == "CA":
        return "America/Toronto"
    return next(iter(_table().get(country, [])), "")


def zones_of(country: str) -> list[str]:
    """The country's zones, those where most people live first."""
    usual = list(_BY_REGION.get(country, {}))
    return list(dict.fromkeys([*usual, *_table().get(country, [])]))
