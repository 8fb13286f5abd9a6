"""Who a device is: maker, model, serial number, software version; and whether it prints at all."""

import re
from dataclasses import dataclass

from metered.agent import oids, vendors
from metered.agent.vendors import Vendor
from metered.agent.walk import Oid, Walk, oid

# HP's print server card stands in printers of other makers too and names only itself
JETDIRECT = "HP ETHERNET MULTI-ENVIRONMENT"

LONGEST_SERIAL = 64
LONGEST_SOFTWARE = 64
_SERIAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ./_-]*[A-Za-z0-9])?")
_PADDING = " .-_*#\"'\u00ff"
# what follows the model in sysDescr: further parts, and a version at its end
_AFTER_MODEL = re.compile(r"[;,]|\s/\s|\s/[A-Z]$")
# network cards and families that name themselves where the printer should
_NOT_A_MODEL = re.compile(r"NC-\d|built-in\b|.*\b(?:print server|printing system)\b", re.I)
_VERSION_AT_END = re.compile(r"\s+V?\d+(?:\.\d+)+$")
# what makers put behind a model and people leave out
_BEHIND_MODEL = re.compile(
    r"\s+series$|(?:\s+colou?r)?(?:\s+(?:multifunction|mfp|copier-printer|printer))+$", re.I
)
_NO_MODEL = frozenset({"", "printer", "unknown", "network printer", "generic", "laser printer"})


@dataclass(frozen=True, slots=True)
class Identity:
    """`vendor` and `model` as people say them; `profile`: the maker's entry of the table. None: not told."""

    profile: Vendor
    vendor: str | None
    model: str | None
    serial: str | None
    software: str | None


def read(walk: Walk) -> Identity:
    descr = walk.text(oids.sysDescr) or ""
    names = _device_names(walk)
    # the Printer-MIB's name is the model until a person changes it: only where nothing else tells
    given = list(walk.texts(oids.prtGeneralPrinterName).values())
    device_id = _device_id(walk, [oids.ppmPrinterIEEE1284DeviceId])
    profile = _profile(walk, [*_told(names, device_id, descr), *given])
    device_id = device_id or _device_id(walk, [column.oid for column in profile.device_id])
    return Identity(
        profile=profile,
        vendor=_brand(profile, [*_told(names, device_id, descr), *given]),
        model=_model(walk, profile, descr, names, device_id, given),
        serial=_serial(walk, profile, descr),
        software=_software(walk, profile, descr),
    )


def is_printer(walk: Walk) -> bool:
    """True for what answers printer rows; for the rest by its sysObjectID and sysDescr."""
    types = (value for _, value in walk.under(oids.hrDeviceType))
    if any(value == oid(oids.hrDevicePrinter) for value in types) or walk.has(oids.printmib):
        return True
    object_id = walk.get(oids.sysObjectID)
    return prints(object_id if isinstance(object_id, tuple) else None, walk.text(oids.sysDescr) or "")


def prints(object_id: Oid | None, descr: str) -> bool:
    """Whether sysObjectID and sysDescr are those of a printer (or a print server with one behind it)."""
    if vendors.NOT_PRINTERS.search(descr) and not vendors.PRINTS.search(descr):
        return False
    if object_id:
        starts = [oid(start) for start in by_object_id(object_id).printers]
        if starts:
            return any(object_id[: len(start)] == start for start in starts)
        return by_object_id(object_id) is not vendors.UNKNOWN
    branded = vendors.by_brand(descr)
    if branded is None:
        return False
    # these makers sell much else; their name alone says nothing
    return branded[0].name not in ("HP", "Dell") or vendors.PRINTS.search(descr) is not None


def by_object_id(object_id: Oid) -> Vendor:
    root = oid(oids.enterprises)
    known = object_id[: len(root)] == root and len(object_id) > len(root)
    return vendors.by_enterprise(object_id[len(root)]) if known else vendors.UNKNOWN


def as_said(name: str) -> str:
    """Without maker in front and sort of thing behind: "Brother MFC-L2710DW series" → "MFC-L2710DW"."""
    branded = vendors.by_brand(name)
    own = branded[2] if branded and branded[2].strip() else name
    return _BEHIND_MODEL.sub("", own).strip()


def serial_in(text: str | None) -> str | None:
    """A serial number without padding, its own zeros kept; None for placeholders such as "TEST000000"."""
    bare = " ".join((text or "").strip(_PADDING).split())
    if not 4 <= len(bare) <= LONGEST_SERIAL or not _SERIAL.fullmatch(bare):
        return None
    kinds, zeros = len(set(bare)), bare.count("0")
    if not re.search(r"[1-9]", bare) and (kinds <= 2 or zeros == 0 or zeros * 2 >= len(bare)):
        return None
    return bare if kinds > 1 else None


def _device_names(walk: Walk) -> list[str]:
    """hrDeviceDescr of the printer devices."""
    descriptions = walk.texts(oids.hrDeviceDescr)
    types = dict(walk.under(oids.hrDeviceType))
    printers = [row for row, value in types.items() if value == oid(oids.hrDevicePrinter)]
    # without a single type, the first device is the printer: Printer-MIB's index 1
    return [descriptions[row] for row in printers or ([] if types else [(1,)]) if row in descriptions]


def _told(names: list[str], device_id: dict[str, str], descr: str) -> list[str]:
    """What the device calls itself, the surest first."""
    return [*names, device_id.get("MFG", ""), device_id.get("DES", ""), descr]


def _device_id(walk: Walk, columns: list[str]) -> dict[str, str]:
    """The fields of the IEEE 1284 device id ("MFG:…;MDL:…;") by their short keys; {} without one."""
    for column in columns:
        for text in walk.texts(column).values():
            pairs = (part.split(":", 1) for part in text.split(";") if ":" in part)
            fields = {key.strip().upper(): value.strip() for key, value in pairs}
            if "MDL" in fields or "MODEL" in fields:
                long = {"MANUFACTURER": "MFG", "MODEL": "MDL", "DESCRIPTION": "DES"}
                return {long.get(key, key): value for key, value in fields.items()}
    return {}


def _profile(walk: Walk, names: list[str]) -> Vendor:
    """The table's entry by object id, as rows follow the board's maker; else by one of `names`."""
    object_id = walk.get(oids.sysObjectID)
    device_ids = [value for _, value in walk.under(oids.hrDeviceID)]
    for value in (object_id, *device_ids):
        if isinstance(value, tuple) and (known := by_object_id(value)) is not vendors.UNKNOWN:
            return known
    branded = next(filter(None, map(vendors.by_brand, names)), None)
    return branded[0] if branded else vendors.UNKNOWN


def _brand(profile: Vendor, names: list[str]) -> str | None:
    """The maker as people write it, by what the device calls itself."""
    for words in names:
        if words.startswith(JETDIRECT) and profile.name not in ("HP", ""):
            continue
        branded = vendors.by_brand(words)
        if branded:
            return branded[1]
    return profile.name or None


def _model(
    walk: Walk, profile: Vendor, descr: str, names: list[str], device_id: dict[str, str], given: list[str]
) -> str | None:
    listed = [walk.text(row.oid) or "" for row in profile.model]
    listed += [*names, device_id.get("MDL", ""), device_id.get("DES", "")]
    listed.append(_found(profile.model_in_descr, descr) or "")
    if vendors.by_brand(descr) and not descr.startswith(JETDIRECT):
        listed.append(_VERSION_AT_END.sub("", _AFTER_MODEL.split(descr)[0].strip()))
    for name in [*listed, *given]:
        said = as_said(name)
        if said.lower() not in _NO_MODEL and not _NOT_A_MODEL.match(said):
            return said
    return None


def _serial(walk: Walk, profile: Vendor, descr: str) -> str | None:
    """The Printer-MIB's, else the maker's; None when the maker's rows disagree: one is not this device's."""
    for text in walk.texts(oids.prtGeneralSerialNumber).values():
        serial = serial_in(text)
        if serial:
            return serial
    told = [walk.text(row.oid) for row in profile.serial] + [_found(profile.serial_in_descr, descr)]
    serials = [serial for serial in map(serial_in, told) if serial]
    if not serials:
        return None
    first = serials[0].upper()
    agree = all(serial.upper() in first or first in serial.upper() for serial in serials)
    return serials[0] if agree else None


def _software(walk: Walk, profile: Vendor, descr: str) -> str | None:
    for row in profile.software:
        version = re.sub(r"^(?:firmware )?ver(?:sion)?[. ]*", "", walk.text(row.oid) or "", flags=re.I)
        if version:
            return version[:LONGEST_SOFTWARE].rstrip()
    in_descr = _found(profile.software_in_descr, descr)
    return in_descr.rstrip(".")[:LONGEST_SOFTWARE] if in_descr else None


def _found(pattern: str | None, text: str) -> str | None:
    found = re.search(pattern, text) if pattern else None
    return found[1] if found else None
