"""The words in the pictures, as one value: English here, translated by metered.lib.picture_words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Texts with str.format fields. `months` holds twelve short names, January first."""

    today: str = "today"
    days: str = "{n} days"
    one_day: str = "1 day"
    days_between: str = "{low} to {high} days"
    days_over: str = "over {n} days"
    out_now: str = "may be out now"
    not_known: str = "not known yet"
    delivery: str = "Delivery expected in {n} days"
    delivery_today: str = "Delivery expected today"
    outlook_title: str = "Days of supply left"
    outlook_alt: str = "{title}, {n} supplies. First: {device}, {supply}, {span}."
    outlook_none: str = "{title}: nothing to show yet."
    device: str = "Device"
    place: str = "Place"
    supply: str = "Supply"
    sure: str = "Sure for"
    likely: str = "Likely until"
    arrives: str = "Delivery in"
    levels_title: str = "Levels, last {past} days and forecast"
    levels_alt: str = "{title}. {now}."
    level_now: str = "{name} {value}"
    silence: str = "no reports"
    swap: str = "{name}: new cartridge"
    day: str = "Day"
    runs_out: str = "Runs out in"
    percent: str = "{n}%"
    percent_full: str = "{n}% full"
    low: str = "Low"
    empty: str = "Empty"
    nearly_full: str = "Nearly full"
    full: str = "Full"
    some: str = "Some left"
    unknown: str = "Not known"
    unrestricted: str = "No limit"
    missing: str = "Not reported"
    level_alt: str = "Level: {value}"
    none: str = "–"
    months: tuple[str, ...] = (
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    )  # fmt: skip
    date: str = "{day} {month}"
    thousands: str = ","


ENGLISH = Words()
