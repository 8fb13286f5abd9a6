"""Telephone numbers, read as people of a country write them. Pure."""

from __future__ import annotations

import phonenumbers


def phone_or_none(text: str, country: str) -> str | None:
    """The number with its country's code, such as +1 585-555-0100; empty for empty, None for no number.

    Whether somebody answers is not asked: new ranges are opened all the time.
    """
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
