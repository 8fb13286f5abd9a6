"""What is known about makers: the one table. Add a maker, a model line or a counter here and nowhere else.

OIDs are given in full. Lists are in order of preference. A counter stands here only if its meaning is known
from the maker's MIB or from devices whose own counter page was compared; what is merely likely is left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

E = "1.3.6.1.4.1."


@dataclass(frozen=True, slots=True)
class Count:
    """One row that is the meter."""

    meter: str
    oid: str


@dataclass(frozen=True, slots=True)
class Split:
    """Rows that are summed per meter. Believed only while all together make up the `whole` (without that row,
    the Printer-MIB's total): a part that did not answer must not become a low meter."""

    parts: Mapping[str, tuple[str, ...]]
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """A table that names its counters in one column and counts in another; summed and proved as in Split."""

    names: str
    values: str
    parts: Mapping[str, str]  # meter → pattern of the names
    whole: str  # pattern


@dataclass(frozen=True, slots=True)
class Typed:
    """A table with a column of type codes."""

    types: str
    units: str
    values: str
    meters: Mapping[int, str]
    unit_names: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Packed:
    """Brother: counters in one octet string, see packed.py."""

    oid: str
    meters: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Part:
    """How the maker builds its part numbers. A group `colour` only where the rule has no exceptions."""

    pattern: str
    kind: str


@dataclass(frozen=True, slots=True)
class Vendor:
    name: str
    enterprise: int
    brands: Mapping[str, str] = field(default_factory=dict)  # how names start → how people write it
    printers: tuple[str, ...] = ()  # how sysObjectIDs of its printers start; empty: all of them
    model: tuple[str, ...] = ()
    model_in_descr: str | None = None
    serial: tuple[str, ...] = ()
    serial_in_descr: str | None = None
    software: tuple[str, ...] = ()
    software_in_descr: str | None = None
    meters: tuple[Count | Split | Labelled | Typed | Packed, ...] = ()
    life_count_unit: str = "other"  # when the printer does not give prtMarkerCounterUnit
    parts: tuple[Part, ...] = ()


KCMY = r"(?P<colour>[KCMY])"

# XEROX-HOST-RESOURCES-EXT-MIB, xcmHrDevDetailValueInteger; Fuji Xerox and Fujifilm devices have it too
XEROX_METERS = (
    Count("total", E + "253.8.53.13.2.1.6.1.20.1"),
    Count("mono", E + "253.8.53.13.2.1.6.1.20.34"),
    Count("colour", E + "253.8.53.13.2.1.6.1.20.33"),
    Count("large_mono", E + "253.8.53.13.2.1.6.1.20.44"),
    Count("large_colour", E + "253.8.53.13.2.1.6.1.20.43"),
)
# "System 57.40.31", "SS 100.002.057.09608", "ESS 201210101131", "Controller 201305012030"
XEROX_SOFTWARE = r"\b(?:System(?: Software)?|SS|ESS|Controller(?:\+PS ROM)?) ([0-9][0-9A-Za-z.]+)"

HP_PML = E + "11.2.3.9.4.2.1."
_KYOCERA_PRINTED = E + "1347.42.3.1.2.1.1."
_KONICA_PRINTED = E + "18334.1.1.1.5.7.2.2.1.5."
_SHARP_TOTAL = E + "2385.1.1.19.2.1.3.5.4."
_CANON_COUNTER = E + "1602.1.11.1.3.1.4."

VENDORS: tuple[Vendor, ...] = (
    Vendor(
        "Xerox",
        253,
        brands={"Xerox": "Xerox"},
        printers=(E + "253.8.62",),
        serial=(E + "253.8.53.3.2.1.3.1",),
        software_in_descr=XEROX_SOFTWARE,
        meters=XEROX_METERS,
        life_count_unit="impressions",
    ),
    Vendor(
        "Fujifilm",
        297,
        brands={"FUJIFILM": "Fujifilm", "FUJI XEROX": "Fuji Xerox"},
        serial=(E + "253.8.53.3.2.1.3.1",),
        software_in_descr=XEROX_SOFTWARE,
        meters=XEROX_METERS,
    ),
    Vendor(
        "HP",
        11,
        brands={"HP": "HP", "Hewlett-Packard": "HP", "Hewlett Packard": "HP"},
        printers=(E + "11.2.3.9",),
        model=(HP_PML + "1.3.2.0",),
        model_in_descr=r"\bPID:([^,;]+)",
        serial=(HP_PML + "1.3.3.0",),
        serial_in_descr=r"\bSN:([^,;\s]+)",
        software=(HP_PML + "1.3.6.0", HP_PML + "1.3.5.0"),  # firmware revision, else its date code
        meters=(
            Count("total", HP_PML + "4.1.2.5.0"),
            Count("mono", HP_PML + "4.1.2.6.0"),
            Count("colour", HP_PML + "4.1.2.7.0"),
        ),
    ),
    Vendor(
        "Lexmark",
        641,
        brands={"Lexmark": "Lexmark"},
        model=(E + "641.6.2.3.1.4.1", E + "641.2.1.2.1.2.1"),
        model_in_descr=r"^Lexmark (\S+)",
        serial=(E + "641.6.2.3.1.5.1", E + "641.2.1.2.1.6.1"),
        software=(E + "641.6.3.3.1.7.1.1", E + "641.2.1.2.1.4.1"),
        meters=(
            # LEXMARK-MPS-MIB paperGeneralCountTable: totalSafe, totalMonoSafe, totalColorSafe
            Typed(
                types=E + "641.6.4.2.1.1.2",
                units=E + "641.6.4.2.1.1.3",
                values=E + "641.6.4.2.1.1.4",
                meters={2: "total", 3: "mono", 4: "colour"},
                unit_names={4: "impressions", 5: "sheets"},
            ),
            Count("total", E + "641.2.1.5.1.0"),
            Count("mono", E + "641.2.1.5.2.0"),
            Count("colour", E + "641.2.1.5.3.0"),
        ),
    ),
    Vendor(
        "Canon",
        1602,
        brands={"Canon": "Canon"},
        printers=(E + "1602.4",),
        model=(E + "1602.1.1.1.1.0",),
        serial=(E + "1602.1.2.1.8.1.3.1.1",),
        software=(E + "1602.1.1.1.4.0",),
        meters=(
            Count("total", _CANON_COUNTER + "101"),  # Total 1
            Count("mono", _CANON_COUNTER + "108"),  # Total (Black & White 1)
            Count("large_mono", _CANON_COUNTER + "112"),
            Count("large_colour", _CANON_COUNTER + "122"),
            Split(
                {
                    "mono": (_CANON_COUNTER + "112", _CANON_COUNTER + "113"),
                    "colour": (_CANON_COUNTER + "122", _CANON_COUNTER + "123"),
                },
                whole=_CANON_COUNTER + "101",
            ),
        ),
        # "Canon Cartridge 719/719H": this line of names is toner; inks are called PG-, PGI-, CLI-
        parts=(Part(r"(?:Canon )?Cartridge \d{3}(?:\s?H)?(?:/\d{3}\s?H)?", "toner"),),
    ),
    Vendor(
        "Ricoh",
        367,
        brands={
            "RICOH": "Ricoh",
            "LANIER": "Lanier",
            "SAVIN": "Savin",
            "NRG": "NRG",
            "Gestetner": "Gestetner",
            "infotec": "Infotec",
        },
        model=(E + "367.3.2.1.1.1.1.0",),
        serial=(E + "367.3.2.1.2.1.4.0",),
        software=(E + "367.3.2.1.1.1.2.0",),
        meters=(
            Count("total", E + "367.3.2.1.2.19.1.0"),
            Labelled(
                names=E + "367.3.2.1.2.19.5.1.5",
                values=E + "367.3.2.1.2.19.5.1.9",
                parts={
                    "mono": r"Counter: ?(?:Copy|Copier|FAX|Print|Printer): ?Black & White",
                    "colour": r"Counter: ?(?:Copy|Copier|FAX|Print|Printer): ?"
                    r"(?:Full Color|Single/Two-color|Single Color|Two-color)",
                },
                whole=r"Counter: ?Machine Total",
            ),
        ),
    ),
    Vendor(
        "Konica Minolta",
        18334,
        brands={"KONICA MINOLTA": "Konica Minolta", "Develop": "Develop", "SINDOH": "Sindoh"},
        model=(E + "18334.1.1.1.1.6.2.1.0",),
        software=(E + "18334.1.1.1.1.6.1.0",),
        meters=(
            Count("total", E + "18334.1.1.1.5.7.2.1.1.0"),
            Split(
                {
                    "mono": (_KONICA_PRINTED + "1.1", _KONICA_PRINTED + "1.2"),  # copies, prints
                    "colour": (_KONICA_PRINTED + "2.1", _KONICA_PRINTED + "2.2"),
                },
                whole=E + "18334.1.1.1.5.7.2.1.1.0",
            ),
        ),
        life_count_unit="impressions",
        parts=(Part(r"TN-?\d{3}" + KCMY, "toner"), Part(r"TN-?\d{3}", "toner"), Part(r"WX-\d{3}", "waste")),
    ),
    Vendor(
        "Kyocera",
        1347,
        brands={
            "KYOCERA": "Kyocera",
            "Copystar": "Copystar",
            "TA_UTAX": "UTAX",
            "TA Triumph-Adler": "Triumph-Adler",
            "TRIUMPH-ADLER": "Triumph-Adler",
            "UTAX": "UTAX",
            "Olivetti": "Olivetti",
        },
        model=(E + "1347.43.5.1.1.1.1",),
        serial=(E + "1347.43.5.1.1.28.1",),
        software=(E + "1347.43.5.4.1.5.1.1",),
        meters=(
            Count("total", E + "1347.43.10.1.1.12.1.1"),
            # rows: print, copy, (scan,) fax; columns: monochrome, single colour, full colour
            Split(
                {
                    "mono": tuple(f"{_KYOCERA_PRINTED}{row}.1" for row in (1, 2, 3, 4)),
                    "colour": tuple(f"{_KYOCERA_PRINTED}{row}.{n}" for row in (1, 2, 3, 4) for n in (2, 3)),
                },
                whole=E + "1347.43.10.1.1.12.1.1",
            ),
        ),
        parts=(
            Part(r"TK-?\d{3,5}" + KCMY, "toner"),
            Part(r"TK-?\d{3,5}[A-Z]?", "toner"),
            Part(r"[CP]K-?\d{4}" + KCMY, "toner"),
            Part(r"[CP]K-?\d{3,5}[A-Z]?", "toner"),  # UTAX and Triumph-Adler
            Part(r"WT-?\d{3,5}[A-Z]?", "waste"),
            Part(r"DK-?\d{3,5}[A-Z]?", "drum"),
            Part(r"FK-?\d{3,5}[A-Z]?", "fuser"),
            Part(r"SH-?\d{2,3}", "staples"),
            Part(r"MK-?\d{3,5}[A-Z]?", "other"),
        ),
    ),
    Vendor(
        "Brother",
        2435,
        brands={"Brother": "Brother"},
        printers=(E + "2435.2.3.9",),
        model=(E + "2435.2.4.3.2435.5.13.3.0",),
        # the second is HP's row, which Brother answers too: two that disagree are no serial
        serial=(E + "2435.2.3.9.4.2.1.5.5.1.0", HP_PML + "1.3.3.0"),
        software=(E + "2435.2.3.9.4.2.1.5.5.17.0", E + "2435.2.4.3.1240.6.5.0"),
        meters=(Packed(E + "2435.2.3.9.4.2.1.5.5.10.0", {0x00: "total", 0x01: "mono", 0x02: "colour"}),),
        parts=(
            Part(r"TN-?\d{3,4}(?:XL)?(?P<colour>BK|C|M|Y)", "toner"),
            Part(r"TN-?\d{3,4}(?:XL)?", "toner"),
            Part(r"LC-?\d{3,4}(?:XL)?(?P<colour>BK|C|M|Y)", "ink"),
            Part(r"DR-?\d{3,4}(?:CL)?", "drum"),
            Part(r"WT-?\d{3}CL", "waste"),
        ),
    ),
    Vendor(
        "Epson",
        1248,
        brands={"EPSON": "Epson"},
        printers=(E + "1248.1",),
        model=(E + "1248.1.2.2.1.1.1.2.1",),
        serial=(E + "1248.1.2.2.1.1.1.5.1",),
        # the package, else the printer's part of it
        software=(E + "1248.1.2.2.2.1.1.2.1.4", E + "1248.1.2.2.2.1.1.2.1.1"),
        meters=(
            Count("mono", E + "1248.1.2.2.27.1.1.3.1.1"),
            Count("colour", E + "1248.1.2.2.27.1.1.4.1.1"),
        ),
    ),
    Vendor(
        "Sharp",
        2385,
        brands={"SHARP": "Sharp"},
        printers=(E + "2385.3",),
        software=(E + "2385.2.1.1.2.1.2.1",),
        meters=(
            # "Black & White Total Count"; full colour, two colour, single colour
            Split(
                {
                    "mono": (_SHARP_TOTAL + "61",),
                    "colour": (_SHARP_TOTAL + "63", _SHARP_TOTAL + "64", _SHARP_TOTAL + "80"),
                }
            ),
        ),
        # MX-61GTBA: B is black
        parts=(Part(r"(?:MX|BP)-?C?\d{2}[GN]T(?P<colour>[BCMY])[ABC]", "toner"),),
    ),
    Vendor(
        "OKI",
        2001,
        brands={"OKI": "OKI"},
        model=(E + "2001.1.1.1.1.11.1.10.25.0",),
        model_in_descr=r"Attached to (\S+)",  # an OkiLAN print server says what it serves
        serial=(E + "2001.1.1.1.1.11.1.10.45.0",),
        meters=(
            Count("mono", E + "2001.1.1.1.1.11.1.10.170.1.7.1"),
            Count("colour", E + "2001.1.1.1.1.11.1.10.170.1.6.1"),
        ),
    ),
    Vendor(
        "Samsung",
        236,
        brands={"Samsung": "Samsung"},
        printers=(E + "236.11.5",),
        model=(E + "236.11.5.11.53.31.1.4.0",),
        serial=(E + "236.11.5.1.1.1.4.0",),
        serial_in_descr=r"\bS/N[ :]*([^;,\s]+)",
        software_in_descr=r";\s*V([0-9][0-9.]+)",
        parts=(
            Part(r"CLT-" + KCMY + r"\d{3,4}[A-Z]?", "toner"),
            Part(r"MLT-D\d{3,4}[A-Z]?", "toner"),
            Part(r"[CM]LT-R\d{3,4}[A-Z]?", "drum"),
            Part(r"CLT-W\d{3,4}[A-Z]?", "waste"),
        ),
    ),
    # Known by name only: told apart from things that do not print, read by the Printer-MIB
    Vendor("Toshiba", 1129, brands={"TOSHIBA TEC": "Toshiba", "TOSHIBA": "Toshiba"}),
    Vendor("Pantum", 40093, brands={"Pantum": "Pantum"}),
    Vendor("Zebra", 10642, brands={"Zebra": "Zebra"}),
    Vendor("Dell", 674, brands={"Dell": "Dell"}, printers=(E + "674.10898.100",)),
)

UNKNOWN = Vendor("", 0)

# sysDescr or device names with these words are not printers, unless they also say that they print
NOT_PRINTERS = re.compile(
    r"\b(?:scan server|scanner|projector|switch|(?:super)?stack|router|access point|ups|camera|linux)\b",
    re.I,
)
PRINTS = re.compile(r"print(?!ed)|\b(?:mfp|copier|laser|laserjet|officejet|deskjet|plotter)\b", re.I)

# Product lines that tell the process where a supply is called just "cartridge"
TONER_LINES = re.compile(
    r"laser|\b(?:LBP|i-?SENSYS|imageRUNNER|imageCLASS|ECOSYS|TASKalfa|bizhub|HL-(?!J)|MFC-L|DCP-L)|"
    r"^(?:[CM][SX]\d{3}|[CM]L[PTX]-|SCX-|SL-)",
    re.I,
)
INK_LINES = re.compile(
    r"\b(?:OfficeJet|DeskJet|PageWide|DesignJet|ENVY|Photosmart|Smart Tank|WorkForce|Stylus|SureColor|"
    r"WF-|SC-|ET-|PIXMA|MAXIFY|HL-J|MFC-J|DCP-J)",
    re.I,
)


def by_enterprise(number: int) -> Vendor:
    return next((vendor for vendor in VENDORS if vendor.enterprise == number), UNKNOWN)


def by_brand(words: str) -> tuple[Vendor, str, str] | None:
    """The maker whose name stands at the start of `words`, how people write it, and the words after it."""
    for vendor in VENDORS:
        for start, name in vendor.brands.items():
            found = re.match(re.escape(start) + r"(?![A-Za-z0-9])[\s_-]*", words, re.I)
            if found:
                return vendor, name, words[found.end() :]
    return None
