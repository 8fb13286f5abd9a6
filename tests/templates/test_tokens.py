"""Contrast of every pair of tokens that meet, in both themes, by the WCAG formula."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text()
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS)
}

TEXT = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-2", "brand", "brand-hover")
        for ground in ("paper", "card", "well")
    ),
    ("ink-off", "well"),
    ("ink", "brand-wash"),
    ("brand", "brand-wash"),
    ("brand-hover", "brand-wash"),
    ("on-brand", "brand"),
    ("on-brand", "brand-hover"),
    ("on-bad", "bad"),
    ("on-bad", "bad-hover"),
    *((state, ground) for state in ("good", "warn", "bad") for ground in ("card", "paper", f"{state}-wash")),
    *(("ink", f"{state}-wash") for state in ("good", "warn", "bad")),
]
"""Words on their grounds: 4.5 to 1. The placeholder is ink-2 on card; a note's words and links are ink."""

SHAPES = [
    *((colour, ground) for colour in "kcmyw" for ground in ("card", "well")),
    ("other", "card"),
    ("other", "well"),
    ("line-strong", "card"),
    ("line-strong", "paper"),
    *(
        (colour, ground)
        for colour in ("focus", "brand", "good", "warn", "bad")
        for ground in ("card", "paper")
    ),
]
"""Shapes, borders of fields and the focus ring: 3 to 1."""


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_words_can_be_read(ink: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[ink][theme], COLOURS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_can_be_seen(shape: str, ground: str, theme: int) -> None:
    assert contrast(COLOURS[shape][theme], COLOURS[ground][theme]) >= 3


def test_every_colour_has_a_light_and_a_dark_value() -> None:
    alone = re.findall(r"--([\w-]+): (?:#|rgb)", TOKENS)
    assert alone == []


@pytest.mark.parametrize("sheet", sorted(path.name for path in CSS.glob("*.css")))
def test_no_sheet_names_a_colour_of_its_own(sheet: str) -> None:
    if sheet == "tokens.css":
        return
    # A QR code and a mail keep their white ground in the dark theme too.
    lines = [
        line for line in (CSS / sheet).read_text().splitlines() if ".qr" not in line and "iframe" not in line
    ]
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?![\w-]*[ ,.:{>])|rgba?\(|hsla?\(", "\n".join(lines)) == []


def test_every_variable_that_is_used_is_defined() -> None:
    sheets = "".join(path.read_text() for path in CSS.glob("*.css"))
    defined = set(re.findall(r"--([\w-]+)\s*:", sheets))
    used = set(re.findall(r"var\(--([\w-]+)", sheets))
    assert used - defined == set()
