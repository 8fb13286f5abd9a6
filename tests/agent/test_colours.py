from __future__ import annotations

import pytest

from metered.agent.colours import in_words, of_colorant


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["Black Toner", "Cyan Toner Cartridge", "Magenta Ink", "Yellow Drum"]),
        ("de", ["Schwarze Tonerkartusche", "Toner (Cyan)", "Druckpatrone Magenta", "Gelber Toner"]),
        ("fr", ["Toner noir", "Cartouche d'encre cyan", "Toner magenta", "Toner jaune"]),
        ("es", ["Tóner negro", "Cartucho cian", "Tóner magenta", "Tóner amarillo"]),
        ("nl", ["Zwarte toner", "Cyaan toner", "Magenta toner", "Gele tonercartridge"]),
        ("pt", ["Toner preto", "Toner ciano", "Toner magenta", "Cartucho amarelo"]),
        ("de, joined", ["Schwarztoner", "Cyantoner", "Magentatoner", "Gelbtoner"]),
        ("letters", ["Toner [K]", "Toner (C)", "Toner [M]", "Toner (Y)"]),
        ("capitals", ["TONER BLACK", "TONER CYAN", "TONER MAGENTA", "TONER YELLOW"]),
    ],
)
def test_the_four_colours(language: str, names: list[str]) -> None:
    assert [in_words(name) for name in names] == ["black", "cyan", "magenta", "yellow"], language


@pytest.mark.parametrize(
    ("name", "colorant"),
    [
        ("Light Cyan Ink", "light cyan"),
        ("Vivid Light Magenta", "vivid light magenta"),
        ("Matte Black Ink Cartridge", "matte black"),
        ("Photo Black", "photo black"),
        ("Cyan clair", "cyan clair"),
        ("Magenta claro", "magenta claro"),
        ("Hellcyan", "hellcyan"),
        ("Mattschwarz", "mattschwarz"),
        ("Light Gray Ink", "light gray"),
        ("Orange Ink", "orange"),
    ],
)
def test_other_inks_keep_the_printers_word(name: str, colorant: str) -> None:
    assert in_words(name) == colorant


@pytest.mark.parametrize(
    "name",
    [
        "Waste Toner Container",
        "Fuser",
        "TK-8527K",
        "Cyan/Magenta/Yellow Drum",
        "Blackboard cleaner",
        "Toner",
        "",
        "Drum Cartridge (R1)",
        "Maintenance Kit",
    ],
)
def test_what_names_no_single_colour_has_none(name: str) -> None:
    assert in_words(name) is None


def test_the_same_colour_named_twice_is_one() -> None:
    assert in_words("Black Toner [K]") == "black"
    assert in_words("Toner noir / Black Toner") == "black"


@pytest.mark.parametrize(
    ("value", "colorant"),
    [
        ("black", "black"),
        ("Noir", "black"),
        ("BLACK", "black"),
        ("photo black", "photo black"),
        ("gloss optimizer", "gloss optimizer"),
        ("a word that no printer should have sent", "a word that no printer s"),
        ("other", None),
        ("unknown", None),
        ("none", None),
        (" ", None),
        (None, None),
    ],
)
def test_a_colorants_value(value: str | None, colorant: str | None) -> None:
    assert of_colorant(value) == colorant
