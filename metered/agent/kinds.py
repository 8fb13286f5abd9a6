"""What a supply is: by the Printer-MIB's class and type, else its words, else the maker's part number."""

import re

from metered.agent.vendors import INK_LINES, TONER_LINES, Part, Vendor

RECEPTACLE = 4  # prtMarkerSuppliesClass receptacleThatIsFilled

# prtMarkerSuppliesType (RFC 3805, PrtMarkerSuppliesTypeTC); 1 other and 2 unknown say nothing
TYPES = {
    3: "toner",
    4: "waste",
    5: "ink",
    6: "ink",
    7: "ink",  # ink ribbon
    8: "waste",
    9: "drum",
    10: "other",  # developer
    11: "other",  # fuser oil
    12: "ink",  # solid wax
    13: "ink",  # ribbon wax
    14: "waste",
    15: "fuser",
    16: "other",  # corona wire
    17: "other",  # fuser oil wick
    18: "other",  # cleaner unit
    19: "other",  # fuser cleaning pad
    20: "other",  # transfer unit
    21: "toner",
    22: "other",  # fuser oiler
    23: "other",  # water
    24: "waste",
    25: "other",  # glue
    26: "waste",
    27: "other",  # binding
    28: "other",  # banding
    29: "other",  # stitching wire
    30: "other",  # shrink wrap
    31: "other",  # paper wrap
    32: "staples",
    33: "other",  # inserts
    34: "other",  # covers
}

# The first that fits wins: "waste toner" before "toner", "drum cartridge" before "cartridge"
WORDS = (
    ("staples", r"staple|heftklammer|agrafe|grapa|nietje|grampo"),
    (
        "waste",
        r"waste|collection unit|maintenance (?:box|tank|cartridge)|wartungs(?:box|kasten|tank|patrone)|"
        r"collecteur|bo[iî]te? de maintenance|rest-?toner|alt-?toner|toner-?abfall|toner usag|toner usado|"
        r"r[eé]cup[eé]r|recupera|r[eé]s[ií]du|desecho|afval|onderhouds(?:cassette|doos)|"
        r"caja de mantenimiento|caixa de manuten|esausto",
    ),
    ("other", r"develop|entwickl|d[eé]velopp|revelador|ontwikkel"),
    (
        "drum",
        r"drum|photoconduct|photo-?leiter|foto-?leiter|photorecept|imaging unit|image unit|bildeinheit|"
        r"trommel|tambour|tambor|cilindro|fotocond|\bopc\b",
    ),
    ("other", r"cleaner|cleaning|filter|reinigung|nettoy|limpieza|limpeza|reiniging"),
    ("fuser", r"fuser|fusing|fixing|fixier|fuseur|fusion|fusi[oó]n|fus[aã]o|fusor|fixeer|fusore"),
    ("other", r"transfer|belt|roller|\broll\b|\bkit\b|courroie|correa|correia"),
    ("toner", r"t[oó]ner"),
    ("ink", r"\binks?\b|tinte|tinta|encre|\binkt|inchiostro"),
)
_WORDS = tuple((kind, re.compile(pattern, re.I)) for kind, pattern in WORDS)
_CARTRIDGE = re.compile(r"cartridge|kartusche|patrone|cartouche|cartucho|cartuccia", re.I)


def kind_of(
    *,
    supply_class: int | None,
    supply_type: int | None,
    description: str,
    vendor: Vendor,
    process: str | None,
) -> str:
    """`process` is `toner` or `ink` where the marker or the model's name tells it."""
    if supply_class == RECEPTACLE:
        return "waste"
    told = TYPES.get(supply_type or 0)
    worded = _in_words(description)
    if told in ("toner", "ink", "other") and worded == "waste":
        return "waste"  # some number waste boxes as toner; the name on the box is what a person orders
    if told:
        return told
    if worded:
        return worded
    part = part_of(description, vendor)
    if part:
        return part[0].kind
    if _CARTRIDGE.search(description) and process:
        return process
    return "other"


def is_told(description: str, vendor: Vendor, process: str | None) -> bool:
    """Whether a description tells the kind without the Printer-MIB's type."""
    by_process = process is not None and _CARTRIDGE.search(description) is not None
    return by_process or _in_words(description) is not None or part_of(description, vendor) is not None


def part_of(description: str, vendor: Vendor) -> tuple[Part, re.Match[str]] | None:
    """The maker's rule that a description consisting of a part number alone obeys."""
    for part in vendor.parts:
        found = re.fullmatch(part.pattern, description)
        if found:
            return part, found
    return None


def process_of(technologies: list[int], model: str | None) -> str | None:
    """`toner` or `ink` from prtMarkerMarkTech or the product line.

    RFC 3805 numbers electrophotographic processes 3 to 5 and inkjets 12 to 14.
    """
    if any(3 <= technology <= 5 for technology in technologies):
        return "toner"
    if any(12 <= technology <= 14 for technology in technologies):
        return "ink"
    if model and TONER_LINES.search(model):
        return "toner"
    return "ink" if model and INK_LINES.search(model) else None


def _in_words(description: str) -> str | None:
    return next((kind for kind, pattern in _WORDS if pattern.search(description)), None)
