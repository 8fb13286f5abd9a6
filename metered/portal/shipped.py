"""The texts that the portal comes with: a file per language and page, used until staff write their own.

`metered/portal/texts/<language>/<slug>.md`; the first line is the title (``# Returns policy``). A page that a
language lacks is shown in English.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "texts"
FALLBACK = "en"

GUIDE = (
    "guide-start",
    "guide-overview",
    "guide-devices",
    "guide-connection",
    "guide-agent",
    "guide-reads",
    "guide-stock",
    "guide-orders",
    "guide-automatic",
    "guide-heavy-jobs",
    "guide-returns",
    "guide-people",
    "guide-problems",
)
"""The chapters of the user guide, in their order."""

PAGES = (
    "replenishment",
    "contract-terms",
    "returns-policy",
    "recycling",
    "accessibility",
    "privacy",
    "support",
)
SLUGS = (*PAGES, *GUIDE)

FACTS = ("operator.name", "operator.address", "phone", "email", "hours", "remote_help")
"""What a text may ask for in braces: ``{phone}``. A line whose fact isn't set is left out."""


@dataclass(frozen=True)
class Text:
    title: str
    body: str
    language: str
    """Which it is in; not always the one asked for."""


@cache
def shipped(slug: str, language: str) -> Text | None:
    """The file of that language, or None. Raises KeyError for a slug that no page has."""
    if slug not in SLUGS:
        raise KeyError(slug)
    file = FOLDER / language / f"{slug}.md"
    if not language.replace("-", "").isalnum() or not file.is_file():
        return None
    title, _, body = file.read_text(encoding="utf-8").partition("\n")
    return Text(title.removeprefix("# ").strip(), body.strip() + "\n", language)
