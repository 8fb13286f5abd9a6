"""Every row that the agent may ask of a printer. The collector asks nothing else; `--show-oids` prints it.

On it is what becomes a report, and nothing besides: no console, no job, no user, no alert's words, and no
field for people and places (sysContact, sysName, sysLocation, prtGeneralCurrentOperator,
prtGeneralServicePerson). The makers' part is made of vendors.py, so that a row added there is asked from then
on, and of that maker's devices only.

Columns are asked below their OID, whatever the index; those with one parent are columns of one table, so one
GETBULK serves them together. Scalars are single instances, for one GET.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from metered.agent import identity, oids
from metered.agent.rules import Meters, Supplies
from metered.agent.vendors import VENDORS, Vendor
from metered.agent.walk import Walk

Group = Literal["identity", "meters", "supplies", "alerts"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One row or column. `why`: what it becomes. `vendor` None: asked of every printer.

    `rows`: how many rows such a column usually has, to size the first request by; never a limit.
    `first`: only its first row is read, so that the rest need not be fetched.
    """

    oid: str
    name: str
    why: str
    group: Group
    vendor: str | None = None
    rows: int = 1
    first: bool = False


SCALARS_OF_ALL = (
    Asked(oids.sysDescr, "sysDescr", "maker, model, software version", "identity"),
    Asked(oids.sysObjectID, "sysObjectID", "maker, and whether it prints", "identity"),
)

COLUMNS_OF_ALL = (
    Asked(oids.hrDeviceType, "hrDeviceType", "which of its devices prints", "identity", rows=4),
    Asked(oids.hrDeviceDescr, "hrDeviceDescr", "model", "identity", rows=4),
    Asked(oids.hrDeviceID, "hrDeviceID", "maker, where sysObjectID is a print server's", "identity", rows=4),
    Asked(
        oids.prtGeneralPrinterName, "prtGeneralPrinterName", "model, where nothing else tells it", "identity"
    ),
    Asked(oids.prtGeneralSerialNumber, "prtGeneralSerialNumber", "serial number", "identity"),
    Asked(
        oids.prtLocalizationCharacterSet,
        "prtLocalizationCharacterSet",
        "how its texts are written",
        "identity",
        first=True,
    ),
    Asked(oids.ppmPrinterIEEE1284DeviceId, "ppmPrinterIEEE1284DeviceId", "maker and model", "identity"),
    Asked(oids.prtMarkerDefaultIndex, "prtMarkerDefaultIndex", "which marker's count is the total", "meters"),
    Asked(oids.prtMarkerCounterUnit, "prtMarkerCounterUnit", "unit of the count", "meters"),
    Asked(oids.prtMarkerLifeCount, "prtMarkerLifeCount", "the total", "meters"),
    Asked(oids.prtMarkerMarkTech, "prtMarkerMarkTech", "toner or ink", "supplies"),
    Asked(
        oids.prtMarkerProcessColorants,
        "prtMarkerProcessColorants",
        "whether it prints black only",
        "supplies",
    ),
    Asked(oids.prtMarkerSpotColorants, "prtMarkerSpotColorants", "whether it prints black only", "supplies"),
    Asked(
        oids.prtMarkerSuppliesColorantIndex,
        "prtMarkerSuppliesColorantIndex",
        "a supply's colour",
        "supplies",
        rows=8,
    ),
    Asked(
        oids.prtMarkerSuppliesClass,
        "prtMarkerSuppliesClass",
        "consumed, or filled as waste",
        "supplies",
        rows=8,
    ),
    Asked(oids.prtMarkerSuppliesType, "prtMarkerSuppliesType", "a supply's kind", "supplies", rows=8),
    Asked(
        oids.prtMarkerSuppliesDescription,
        "prtMarkerSuppliesDescription",
        "a supply's name, kind, colour, reorder number and serial number",
        "supplies",
        rows=8,
    ),
    Asked(
        oids.prtMarkerSuppliesSupplyUnit,
        "prtMarkerSuppliesSupplyUnit",
        "unit of the level",
        "supplies",
        rows=8,
    ),
    Asked(
        oids.prtMarkerSuppliesMaxCapacity,
        "prtMarkerSuppliesMaxCapacity",
        "what the level is part of",
        "supplies",
        rows=8,
    ),
    Asked(oids.prtMarkerSuppliesLevel, "prtMarkerSuppliesLevel", "what is left", "supplies", rows=8),
    Asked(oids.prtMarkerColorantValue, "prtMarkerColorantValue", "a supply's colour", "supplies", rows=4),
    Asked(
        oids.hrPrinterDetectedErrorState,
        "hrPrinterDetectedErrorState",
        "conditions of the whole device",
        "alerts",
    ),
    Asked(oids.prtAlertGroup, "prtAlertGroup", "whether an alert is a supply's", "alerts", rows=4),
    Asked(oids.prtAlertGroupIndex, "prtAlertGroupIndex", "which supply an alert is for", "alerts", rows=4),
    Asked(oids.prtAlertCode, "prtAlertCode", "low, empty or full", "alerts", rows=4),
)


def _scalars(vendor: Vendor) -> Iterator[Asked]:
    for rows, what in (
        (vendor.model, "model"),
        (vendor.serial, "serial number"),
        (vendor.software, "software version"),
    ):
        for row in rows:
            yield Asked(row.oid, row.name, what, "identity", vendor.name)
    for group, rule in _rules(vendor):
        for row, why in rule.scalars():
            yield Asked(row.oid, row.name, why, group, vendor.name)


def _columns(vendor: Vendor) -> Iterator[Asked]:
    for row in vendor.device_id:
        yield Asked(row.oid, row.name, "maker and model", "identity", vendor.name)
    for group, rule in _rules(vendor):
        for row, why in rule.columns():
            yield Asked(row.oid, row.name, why, group, vendor.name, rows=8 if group == "supplies" else 40)


def _rules(vendor: Vendor) -> Iterator[tuple[Group, Meters | Supplies]]:
    for counter in vendor.meters:
        yield "meters", counter
    for supply in vendor.supplies:
        yield "supplies", supply


def _once(rows: Iterator[Asked]) -> tuple[Asked, ...]:
    seen: dict[str, Asked] = {}
    for row in rows:
        seen.setdefault(row.oid, row)
    return tuple(seen.values())


_SCALARS_OF = {vendor.enterprise: _once(_scalars(vendor)) for vendor in VENDORS}
_COLUMNS_OF = {vendor.enterprise: _once(_columns(vendor)) for vendor in VENDORS}

SCALARS: tuple[Asked, ...] = (*SCALARS_OF_ALL, *(row for rows in _SCALARS_OF.values() for row in rows))
COLUMNS: tuple[Asked, ...] = (*COLUMNS_OF_ALL, *(row for rows in _COLUMNS_OF.values() for row in rows))


@dataclass(frozen=True, slots=True)
class Rows:
    """What to ask of one device: `scalars` by GET, `columns` by GETBULK."""

    scalars: tuple[Asked, ...]
    columns: tuple[Asked, ...]


def for_vendor(enterprise: int | None) -> Rows:
    """What to ask of a device of this maker (the number behind 1.3.6.1.4.1 in its sysObjectID): what is asked
    of every printer, then the maker's own. None or a maker that the table lacks: the former alone."""
    return Rows(
        (*SCALARS_OF_ALL, *_SCALARS_OF.get(enterprise or 0, ())),
        (*COLUMNS_OF_ALL, *_COLUMNS_OF.get(enterprise or 0, ())),
    )


def maker(walk: Walk) -> int | None:
    """Whose rows to ask, from what answered so far: by sysObjectID, else by hrDeviceID, else by the names.

    With sysDescr and sysObjectID alone this is right for nearly every device; asked again with the rows of
    COLUMNS_OF_ALL, it also finds the maker behind a print server of somebody else's.
    """
    return identity.read(walk).profile.enterprise or None
