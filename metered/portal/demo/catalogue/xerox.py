"""Xerox: models, reorder numbers and yields as published for North America."""

from __future__ import annotations

from metered.portal.demo.catalogue.kit import FLAG, ModelFact, four, part, toner

_C505_DRUMS = tuple(
    part(f"1.{5 + i}", "drum", number, 40_000, colorant=colorant)
    for i, (number, colorant) in enumerate(
        (("108R01484", "black"), ("108R01481", "cyan"), ("108R01482", "magenta"), ("108R01483", "yellow"))
    )
)

MODELS = (
    ModelFact(
        "Xerox", "VersaLink C7130", True, "57.40.31", "3TX######", 4200,
        four("006R01824 006R01825 006R01826 006R01827", 31_300, 18_500),
    ),
    ModelFact(
        "Xerox", "VersaLink C505", True, "67.59.31", "5DB######", 2400,
        (
            *four("106R03869 106R03866 106R03867 106R03868", 12_100, 9_000),
            *_C505_DRUMS,
            part("1.9", "waste", "108R01416", 30_000, step=FLAG),
        ),
    ),
    ModelFact(
        "Xerox", "VersaLink C405", True, "68.59.31", "4HX######", 1500,
        (
            *four("106R03524 106R03526 106R03527 106R03525", 10_500, 8_000),
            part("1.5", "drum", "108R01121", 60_000),
            part("1.6", "waste", "108R01124", 30_000, step=FLAG),
        ),
    ),
    ModelFact(
        "Xerox", "VersaLink B405", False, "38.59.31", "6TB######", 1900,
        (toner("1.1", "black", "106R03584", 24_600), part("1.2", "drum", "101R00554", 65_000)),
    ),
    ModelFact(
        "Xerox", "VersaLink B7035", False, "58.59.31", "5HB######", 5200,
        (toner("1.1", "black", "106R03395", 31_000), part("1.2", "drum", "113R00779", 80_000)),
    ),
    ModelFact(
        "Xerox", "AltaLink C8045", True, "103.002.002.21600", "EX9######", 8200,
        (
            *four("006R01697 006R01698 006R01699 006R01700", 26_000, 15_000),
            *(
                part(f"1.{5 + i}", "drum", "013R00681", 180_000, name=f"Drum cartridge (R{1 + i})")
                for i in range(4)
            ),
            part("1.10", "waste", "008R08101", 69_000),
        ),
    ),
    ModelFact(
        "Xerox", "AltaLink B8170", False, "120.011.004.09400", "QTP######", 14_500,
        (toner("1.1", "black", "006R01771", 100_000), part("1.2", "drum", "013R00686", 200_000)),
    ),
    ModelFact(
        "Xerox", "WorkCentre 3335", False, "3335.008.000", "3J7######", 900,
        (toner("1.1", "black", "106R03624", 15_000), part("1.2", "drum", "101R00555", 30_000)),
    ),
)  # fmt: skip
