"""What stands on the papers of a return."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

LETTER_COUNTRIES = frozenset({"US", "CA", "MX"})
"""Where paper is US Letter and a label 4 × 6 inches; elsewhere A4 and 100 × 150 mm."""
RMA = re.compile(r"[0-9]{9}")


@dataclass(frozen=True)
class Line:
    """So many of one supply."""

    quantity: int
    reorder_number: str
    name: str


@dataclass(frozen=True)
class House:
    """Who takes returns, and the policy by which they are taken."""

    operator: str
    support_phone: str
    support_hours: str
    policy_title: str
    policy: str
    """The returns policy in Markdown, its facts filled in."""
    site_url: str = ""
    """What links of the policy that begin with a slash stand under; without it they are plain text."""


@dataclass(frozen=True)
class Papers:
    """A confirmed return. Texts are as the reader shall see them; addresses are lines from the name down.

    Raises ValueError for an `rma` that isn't nine digits and for less than one box.
    """

    rma: str
    """The confirmation number."""
    filed_on: dt.date
    confirmed_on: dt.date
    account_name: str
    customer_number: str
    from_address: tuple[str, ...]
    country: str
    """Of the pick-up address, two letters: it chooses the size of the paper."""
    contact: str
    phone: str
    to_address: tuple[str, ...]
    lines: tuple[Line, ...]
    boxes: int
    weight_text: str
    """The weight of all boxes with its unit; empty when unknown."""
    pallet: bool
    pick_up: str
    """When and how it is picked up; empty when that isn't arranged yet."""
    house: House

    def __post_init__(self) -> None:
        if not RMA.fullmatch(self.rma):
            raise ValueError(f"a confirmation number has nine digits, not {self.rma!r}")
        if self.boxes < 1:
            raise ValueError("a return has at least one box")


def is_letter(country: str) -> bool:
    """Whether the paper of that country is North America's."""
    return country.upper() in LETTER_COUNTRIES


def spaced(rma: str) -> str:
    """123456789 → 123 456 789, held together by spaces that don't break."""
    return "\N{NO-BREAK SPACE}".join((rma[:3], rma[3:6], rma[6:]))
