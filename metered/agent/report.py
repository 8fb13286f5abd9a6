"""One element of telemetry's `reports`, from a walk. Pure: the same walk gives the same report."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from metered.agent import alerts, identity, meters, supplies
from metered.agent.meters import Meter
from metered.agent.supplies import Supply
from metered.agent.walk import Walk, WalkError


@dataclass(frozen=True, slots=True)
class Report:
    """`serial`, `model`, `vendor` and `software` are None when the device does not tell them."""

    serial: str | None
    observed_at: datetime
    model: str | None
    vendor: str | None
    software: str | None
    complete: bool
    meters: tuple[Meter, ...]
    supplies: tuple[Supply, ...]
    alerts: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As telemetry.md writes it, in its order."""
        return {
            "serial": self.serial,
            "observed_at": utc(self.observed_at),
            "path": "agent",
            "model": self.model,
            "vendor": self.vendor,
            "software": self.software,
            "complete": self.complete,
            "meters": [asdict(meter) for meter in self.meters],
            "supplies": [asdict(supply) for supply in self.supplies],
            "alerts": list(self.alerts),
        }


def read(walk: Walk, *, observed_at: datetime, serial: str | None = None, with_meters: bool = True) -> Report:
    """The report of one device. `serial` stands in for one that the walk lacks and for one that is wrong.

    Without `with_meters` no counter was asked: the report is complete when it has its supplies.
    Raises WalkError for what is no printer and for an answer of nothing but zeros, which some devices give
    while they start: sent on, it would look like empty cartridges and meters that went back.
    """
    if not identity.is_printer(walk):
        raise WalkError(
            "not a printer: no Printer-MIB rows, and its name and object id are no known printer's"
        )
    who = identity.read(walk)
    counted = meters.read(walk, who.profile)
    found, answered = supplies.read(walk, who.profile, who.model)
    numbers = [meter.count for meter in counted]
    numbers += [
        number for supply in found for number in (supply.level, supply.capacity) if number is not None
    ]
    if numbers and not any(numbers) and all(supply.state in ("percent", "unknown") for supply in found):
        raise WalkError("every number that the device answered is 0: it was not ready; nothing was reported")
    return Report(
        serial=serial or who.serial,
        observed_at=observed_at,
        model=who.model,
        vendor=who.vendor,
        software=who.software,
        complete=(bool(counted) or not with_meters) and answered and not walk.unreadable,
        meters=tuple(counted),
        supplies=tuple(found),
        alerts=tuple(alerts.device_alerts(walk)),
    )


def utc(moment: datetime) -> str:
    """ISO 8601 with a Z; fractions only where there are some."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
