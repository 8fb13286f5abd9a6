"""What is known about makers: the one table. Add a maker, a model line or a counter here and nowhere else.

OIDs are given in full, lists are in order of preference. Every row says how its meaning is known, in the
words of rules.py: `document`, `recording` or `report`; what is merely likely is left out. A maker without
`meters` has none that can be trusted and is read by the Printer-MIB alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from metered.agent.rules import (
    Count,
    Labelled,
    Meters,
    Packed,
    PartNumbers,
    Remaining,
    Row,
    Split,
    Supplies,
    Tallied,
    TonerLevels,
    Typed,
    document,
    recording,
    report,
)

E = "1.3.6.1.4.1."


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
    device_id: tuple[Row, ...] = ()  # columns with the IEEE 1284 device id
    model: tuple[Row, ...] = ()
    model_in_descr: str | None = None
    serial: tuple[Row, ...] = ()
    serial_in_descr: str | None = None
    software: tuple[Row, ...] = ()
    software_in_descr: str | None = None
    meters: tuple[Meters, ...] = ()
    supplies: tuple[Supplies, ...] = ()
    life_count_unit: str = "other"  # when the printer does not give prtMarkerCounterUnit
    parts: tuple[Part, ...] = ()


KCMY = r"(?P<colour>[KCMY])"

# XEROX-HOST-RESOURCES-EXT-MIB, xcmHrDevDetailValueInteger of the usage counters (20), by the names that the
# device gives in xcmHrDevDetailValueString; Fuji Xerox and Fujifilm devices have the table too
_XEROX_USAGE = E + "253.8.53.13.2.1.6.1.20."
XEROX_METERS = (
    Count("total", document(_XEROX_USAGE + "1", "Total Impressions")),
    Count("mono", document(_XEROX_USAGE + "34", "Black Impressions")),
    Count("colour", document(_XEROX_USAGE + "33", "Color Impressions")),
    Count("large_mono", document(_XEROX_USAGE + "44", "Black Large Impressions")),
    Count("large_colour", document(_XEROX_USAGE + "43", "Color Large Impressions")),
)
XEROX_DEVICE_ID = document(E + "253.8.51.1.2.1.20", "xcmGenBaseSystem1284DeviceId")
XEROX_SERIAL = document(E + "253.8.53.3.2.1.3.1", "xcmHrDevInfoSerialNumber")
# "System 57.40.31", "SS 100.002.057.09608", "ESS 201210101131", "Controller 201305012030"
XEROX_SOFTWARE = r"\b(?:System(?: Software)?|SS|ESS|Controller(?:\+PS ROM)?) ([0-9][0-9A-Za-z.]+)"

HP_PML = E + "11.2.3.9.4.2.1."  # HP-LASERJET-COMMON-MIB; the inkjets' IJXXXX-MIB has the same rows
HP_SERIAL = document(HP_PML + "1.3.3.0", "serial-number")
_LEXMARK_COUNT = E + "641.6.4.2.1.1."
_LEXMARK_SUPPLY = E + "641.6.4.4.1.1."
_RICOH_COUNTER = (
    document(E + "367.3.2.1.2.19.5.1.5", "ricohEngCounterName"),
    document(E + "367.3.2.1.2.19.5.1.9", "ricohEngCounterValue"),
)
_RICOH_TOTAL = r"Counter: ?Machine Total"
_RICOH_JOB = r"Counter: ?(?:Copy|Copier|FAX|Print|Printer): ?"
_KONICA_FUNCTION = E + "18334.1.1.1.5.7.2.2.1.5."  # .mode.function: 1 copies, 2 prints
_KYOCERA_FUNCTION = E + "1347.42.3.1.2.1.1."  # .function.mode: print, copy, (scan,) fax
_KYOCERA_TOTAL = recording(E + "1347.43.10.1.1.12.1.1", "printed pages")
_SHARP_TOTAL = E + "2385.1.1.19.2.1.3.5.4."
_SAMSUNG_COUNT = E + "236.11.5.11.53.11.2.1."
_OKI_PRINTED = E + "2001.1.1.1.1.11.1.10.170.1."


def _canon(table: str) -> tuple[Meters, ...]:
    """Canon's counters by the codes of its counter check ("101: Total 1"), as its manuals list them."""
    row = E + f"1602.1.11.1.{table}.1.4."
    return (
        Count("total", document(row + "101", "101 Total 1")),
        Count("mono", document(row + "108", "108 Total (Black & White 1)")),
        Count("large_mono", document(row + "112", "112 Total (Black & White/Large)")),
        Count("large_colour", document(row + "122", "122 Total (Full Color + Single Color/Large)")),
        Split(
            {
                "mono": (
                    document(row + "112", "112 Total (Black & White/Large)"),
                    document(row + "113", "113 Total (Black & White/Small)"),
                ),
                "colour": (
                    document(row + "122", "122 Total (Full Color + Single Color/Large)"),
                    document(row + "123", "123 Total (Full Color + Single Color/Small)"),
                ),
            },
            wholes=(document(row + "101", "101 Total 1"),),
        ),
    )


VENDORS: tuple[Vendor, ...] = (
    Vendor(
        "Xerox",
        253,
        brands={"Xerox": "Xerox"},
        printers=(E + "253.8.62",),
        device_id=(XEROX_DEVICE_ID,),
        serial=(XEROX_SERIAL,),
        software_in_descr=XEROX_SOFTWARE,
        meters=XEROX_METERS,
        life_count_unit="impressions",
    ),
    Vendor(
        "Fujifilm",
        297,
        brands={"FUJIFILM": "Fujifilm", "FUJI XEROX": "Fuji Xerox"},
        device_id=(XEROX_DEVICE_ID,),
        serial=(XEROX_SERIAL,),
        software_in_descr=XEROX_SOFTWARE,
        meters=XEROX_METERS,
    ),
    Vendor(
        "HP",
        11,
        brands={"HP": "HP", "Hewlett-Packard": "HP", "Hewlett Packard": "HP"},
        printers=(E + "11.2.3.9",),
        device_id=(recording(E + "11.2.3.9.1.1.7", "device id of a JetDirect"),),
        model=(document(HP_PML + "1.3.2.0", "model-name"),),
        model_in_descr=r"\bPID:([^,;]+)",
        serial=(HP_SERIAL,),
        serial_in_descr=r"\bSN:([^,;\s]+)",
        software=(
            document(HP_PML + "1.3.6.0", "fw-rom-revision"),
            document(HP_PML + "1.3.5.0", "fw-rom-datecode"),
        ),
        meters=(
            Count("total", document(HP_PML + "4.1.2.5.0", "total-engine-page-count")),
            Count("mono", document(HP_PML + "4.1.2.6.0", "total-mono-page-count")),
            Count("colour", document(HP_PML + "4.1.2.7.0", "total-color-page-count")),
        ),
    ),
    Vendor(
        "Lexmark",
        641,
        brands={"Lexmark": "Lexmark"},
        model=(
            document(E + "641.6.2.3.1.4.1", "deviceModel"),
            document(E + "641.2.1.2.1.2.1", "prtgenPrinterName"),
        ),
        model_in_descr=r"^Lexmark (\S+)",
        serial=(
            document(E + "641.6.2.3.1.5.1", "deviceSerialNumber"),
            document(E + "641.2.1.2.1.6.1", "prtgenSerialNo"),
        ),
        software=(
            document(E + "641.6.3.3.1.7.1.1", "swInventoryRevision"),
            document(E + "641.2.1.2.1.4.1", "prtgenCodeRevision"),
        ),
        meters=(
            # LEXMARK-MPS-MIB: totalSafe, totalMonoSafe, totalColorSafe; sides, sheets
            Typed(
                types=document(_LEXMARK_COUNT + "2", "paperGeneralCountType"),
                units=document(_LEXMARK_COUNT + "3", "paperGeneralCountUnits"),
                values=document(_LEXMARK_COUNT + "4", "paperGeneralCountValue"),
                meters={2: "total", 3: "mono", 4: "colour"},
                unit_names={4: "impressions", 5: "sheets"},
            ),
            Count("total", document(E + "641.2.1.5.1.0", "pgTotal")),
            Count("mono", document(E + "641.2.1.5.2.0", "pgMono")),
            Count("colour", document(E + "641.2.1.5.3.0", "pgColor")),
        ),
        supplies=(
            PartNumbers(
                descriptions=document(_LEXMARK_SUPPLY + "5", "currentSupplyDescription"),
                serials=document(_LEXMARK_SUPPLY + "6", "currentSupplySerialNumber"),
                numbers=document(_LEXMARK_SUPPLY + "7", "currentSupplyPartNumber"),
            ),
        ),
    ),
    Vendor(
        "Canon",
        1602,
        brands={"Canon": "Canon"},
        printers=(E + "1602.4",),
        model=(recording(E + "1602.1.1.1.1.0", "model"),),
        serial=(
            report(E + "1602.1.2.1.8.1.3.1.1", "serial number"),
            report(E + "1602.1.2.1.4.0", "serial number"),
        ),
        software=(recording(E + "1602.1.1.1.4.0", "controller version"),),
        meters=(
            *_canon("3"),  # the counters that its panel shows
            *_canon("4"),  # all that it has
            # small ones name their counters: "Total (Black/Small)"
            Labelled(
                names=report(E + "1602.1.11.2.1.1.2", "name of a counter"),
                values=report(E + "1602.1.11.2.1.1.3", "counter"),
                parts={
                    "mono": r"Total \((?:Black|Black & White)/(?:Large|Small)\)",
                    "colour": r"Total \(Full Color \+ Single Color/(?:Large|Small)\)",
                },
                whole=r"Total 1",
                also={
                    "total": r"Total 1",
                    "large_mono": r"Total \((?:Black|Black & White)/Large\)",
                    "large_colour": r"Total \(Full Color \+ Single Color/Large\)",
                },
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
        model=(document(E + "367.3.2.1.1.1.1.0", "ricohSysName"),),
        serial=(document(E + "367.3.2.1.2.1.4.0", "ricohEngSerialNumber"),),
        software=(document(E + "367.3.2.1.1.1.2.0", "ricohSysVers"),),
        # its Private MIB Specification; which counters a model has and how it names them differs
        meters=(
            Count("total", document(E + "367.3.2.1.2.19.1.0", "ricohEngCounterTotal")),
            Labelled(
                *_RICOH_COUNTER,
                parts={
                    "mono": _RICOH_JOB + r"Black & White",
                    "colour": _RICOH_JOB + r"(?:Full Color|Single/Two-col(?:or|\.)|Single Color|Two-color)",
                },
                whole=_RICOH_TOTAL,
            ),
            Labelled(
                *_RICOH_COUNTER,
                parts={
                    "mono": r"Counter: ?Black & White",
                    "colour": r"Counter: ?(?:Full Color|Economy Color)",
                },
                whole=_RICOH_TOTAL,
            ),
            Labelled(
                *_RICOH_COUNTER,
                parts={"mono": r"Total Prints: ?Black & White", "colour": r"Total Prints: ?Color"},
                whole=_RICOH_TOTAL,
            ),
        ),
        supplies=(
            # near empty -100, empty 0, unknown -2, some remaining -3
            TonerLevels(
                names=document(E + "367.3.2.1.2.24.1.1.2", "ricohEngTonerName"),
                levels=document(E + "367.3.2.1.2.24.1.1.5", "ricohEngTonerLevel"),
                near_empty=-100,
            ),
        ),
    ),
    Vendor(
        "Konica Minolta",
        18334,
        brands={"KONICA MINOLTA": "Konica Minolta", "Develop": "Develop", "SINDOH": "Sindoh"},
        model=(recording(E + "18334.1.1.1.1.6.2.1.0", "model"),),
        software=(recording(E + "18334.1.1.1.1.6.1.0", "version"),),
        # Minolta's MC2350-MIB, under the number that Konica Minolta has since
        meters=(
            Count("total", document(E + "18334.1.1.1.5.7.2.1.1.0", "mltSysTotalCount")),
            Split(
                {
                    "mono": (
                        recording(_KONICA_FUNCTION + "1.1", "copies, black"),
                        recording(_KONICA_FUNCTION + "1.2", "prints, black"),
                    ),
                    "colour": (
                        recording(_KONICA_FUNCTION + "2.1", "copies, full colour"),
                        recording(_KONICA_FUNCTION + "2.2", "prints, full colour"),
                        report(_KONICA_FUNCTION + "3.1", "copies, single colour"),
                        report(_KONICA_FUNCTION + "3.2", "prints, single colour"),
                        report(_KONICA_FUNCTION + "4.1", "copies, two colours"),
                        report(_KONICA_FUNCTION + "4.2", "prints, two colours"),
                    ),
                },
                wholes=(document(E + "18334.1.1.1.5.7.2.1.1.0", "mltSysTotalCount"),),
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
        model=(document(E + "1347.43.5.1.1.1.1", "kcprtGeneralModelName"),),
        serial=(recording(E + "1347.43.5.1.1.28.1", "serial number"),),
        software=(document(E + "1347.43.5.4.1.5.1.1", "kcprtFirmwareVersion"),),
        meters=(
            Count("total", _KYOCERA_TOTAL),
            Split(
                {
                    "mono": tuple(
                        recording(f"{_KYOCERA_FUNCTION}{function}.1", f"{name}, monochrome")
                        for function, name in ((1, "prints"), (2, "copies"), (3, "scans"), (4, "faxes"))
                    ),
                    "colour": tuple(
                        recording(f"{_KYOCERA_FUNCTION}{function}.{mode}", f"{name}, {colour}")
                        for function, name in ((1, "prints"), (2, "copies"), (3, "scans"), (4, "faxes"))
                        for mode, colour in ((2, "single colour"), (3, "full colour"))
                    ),
                },
                wholes=(_KYOCERA_TOTAL,),
            ),
            # those without a copier
            Labelled(
                names=recording(E + "1347.42.2.2.1.1.2", "name of a colour mode"),
                values=report(E + "1347.42.2.2.1.1.3", "printed in that mode"),
                parts={"mono": r"Monochrome", "colour": r"Mono Color|Full Color"},
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
        device_id=(recording(E + "2435.2.3.9.1.1.7", "device id"),),
        model=(recording(E + "2435.2.4.3.2435.5.13.3.0", "model"),),
        # the second is HP's row, which Brother answers too: two that disagree are no serial
        serial=(document(E + "2435.2.3.9.4.2.1.5.5.1.0", "brInfoSerialNumber"), HP_SERIAL),
        software=(
            document(E + "2435.2.3.9.4.2.1.5.5.17.0", "brInfoDeviceRomVersion"),
            recording(E + "2435.2.4.3.1240.6.5.0", "firmware version"),
        ),
        meters=(
            Packed(
                document(E + "2435.2.3.9.4.2.1.5.5.10.0", "brInfoCounter"),
                total=0x00,
                parts={"mono": 0x01, "colour": 0x02},
            ),
        ),
        supplies=(
            Remaining(
                document(E + "2435.2.3.9.4.2.1.5.5.8.0", "brInfoMaintenance"),
                {
                    0x6F: (("toner", "ink"), "black"),
                    0x70: (("toner", "ink"), "cyan"),
                    0x71: (("toner", "ink"), "magenta"),
                    0x72: (("toner", "ink"), "yellow"),
                    0x41: (("drum",), None),
                    0x80: (("drum",), "black"),
                    0x79: (("drum",), "cyan"),
                    0x7A: (("drum",), "magenta"),
                    0x7B: (("drum",), "yellow"),
                    0x6A: (("fuser",), None),
                },
            ),
        ),
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
        device_id=(recording(E + "1248.1.2.2.1.1.1.1", "device id"),),
        model=(recording(E + "1248.1.2.2.1.1.1.2.1", "model"),),
        serial=(recording(E + "1248.1.2.2.1.1.1.5.1", "serial number"),),
        software=(
            recording(E + "1248.1.2.2.2.1.1.2.1.4", "FW Package"),
            recording(E + "1248.1.2.2.2.1.1.2.1.1", "Printer FW"),
        ),
        # no document; several who compared with the device's page agree on these two
        meters=(
            Split(
                {
                    "mono": (report(E + "1248.1.2.2.27.1.1.3.1.1", "pages, black and white"),),
                    "colour": (report(E + "1248.1.2.2.27.1.1.4.1.1", "pages, colour"),),
                }
            ),
        ),
    ),
    Vendor(
        "Sharp",
        2385,
        brands={"SHARP": "Sharp"},
        printers=(E + "2385.3",),
        software=(recording(E + "2385.2.1.1.2.1.2.1", "version"),),
        meters=(
            Split(
                {
                    "mono": (recording(_SHARP_TOTAL + "61", "Black & White Total Count"),),
                    "colour": (
                        recording(_SHARP_TOTAL + "63", "Full Color Total Count"),
                        recording(_SHARP_TOTAL + "64", "Two Color Total Count"),
                        recording(_SHARP_TOTAL + "80", "Single Color Total Count"),
                    ),
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
        model=(report(E + "2001.1.1.1.1.11.1.10.25.0", "model"),),
        model_in_descr=r"Attached to (\S+)",  # an OkiLAN print server says what it serves
        serial=(report(E + "2001.1.1.1.1.11.1.10.45.0", "serial number"),),
        # no document, and reports differ on the other columns: only where the two are the whole
        meters=(
            Split(
                {
                    "mono": (report(_OKI_PRINTED + "7.1", "pages, monochrome"),),
                    "colour": (report(_OKI_PRINTED + "6.1", "pages, colour"),),
                }
            ),
        ),
    ),
    Vendor(
        "Samsung",
        236,
        brands={"Samsung": "Samsung"},
        printers=(E + "236.11.5",),
        model=(report(E + "236.11.5.11.53.31.1.4.0", "model"),),
        serial=(document(E + "236.11.5.1.1.1.4.0", "secSysSerial"),),
        serial_in_descr=r"\bS/N[ :]*([^;,\s]+)",
        software_in_descr=r";\s*V([0-9][0-9.]+)",
        meters=(
            # SAMSUNG-HOST-RESOURCES-EXT-MIB; jobs: print, copy, faxIn, report, digitalReceive, localStorage
            Tallied(
                jobs=document(_SAMSUNG_COUNT + "2", "scmHrDevCountJobType"),
                units=document(_SAMSUNG_COUNT + "4", "scmHrDevCountUnit"),
                colours=document(_SAMSUNG_COUNT + "6", "scmHrDevCountColor"),
                values=document(_SAMSUNG_COUNT + "7", "scmHrDevCountValue"),
                printing=frozenset({1, 2, 3, 6, 12, 21}),
                impressions=7,
                parts={"mono": frozenset({3}), "colour": frozenset({1, 2})},
            ),
        ),
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


_BRANDS = tuple(
    (re.compile(re.escape(start) + r"(?![A-Za-z0-9])[\s_-]*", re.I), vendor, name)
    for vendor in VENDORS
    for start, name in vendor.brands.items()
)


def by_brand(words: str) -> tuple[Vendor, str, str] | None:
    """The maker whose name stands at the start of `words`, how people write it, and the words after it."""
    for pattern, vendor, name in _BRANDS:
        found = pattern.match(words)
        if found:
            return vendor, name, words[found.end() :]
    return None
