"""What is remembered of each device between rounds, so that nothing is found out twice.

Keyed by the address it is asked at, for that is what it is about: which of the configured credentials
answered, how much it manages at once, whose rows it has. No secret is in it, and no identity: a report's
identity is always the serial. All of it is a hint; what is wrong costs a few requests and is learnt anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from metered.agent.snmp.columns import FIRST_WITHOUT_BULK, LADDER
from metered.agent.snmp.secure import LARGEST_BOOTS, Engine

FORMAT = 1
MOST_DEVICES = 131_072
MOST_ROWS = 255

TRY_MORE_AFTER = 24
"""Complete rounds at one step of the ladder, after which the step above is tried again."""
TRY_BULK_AFTER = 168
"""The same for version 2c with a device that answered only version 1."""
GIVEN_UP_AFTER = 1
"""Silent rounds in a row, after which a device is no longer asked patiently: once a pass and version."""


@dataclass(slots=True)
class Remembered:
    """`credentials`: which of the target's answered, by place. `version`: with which version; None: not
    known.

    `step` of columns.LADDER, and for how many rounds it `held`. `silent`: rounds in a row without an answer.
    `maker`: enterprise number. `rows`: how many rows a table had, by its OID, where they are more or fewer
    than usual.
    """

    credentials: int = 0
    version: str | None = None
    step: int = 0
    held: int = 0
    silent: int = 0
    maker: int | None = None
    rows: dict[str, int] = field(default_factory=dict)
    engine: Engine | None = None

    def settled(self, step: int, started: int) -> None:
        """A round that began at step `started` of the ladder ended at `step`."""
        held = step == started == self.step
        self.held = min(self.held + 1, TRY_BULK_AFTER) if held and step > 0 else 0
        self.step = step

    def first_step(self) -> int:
        """The step to begin with: now and then one above the remembered."""
        top = FIRST_WITHOUT_BULK if self.version == "1" else 0
        better = self.held >= TRY_MORE_AFTER and self.step > top
        return max(self.step - better, top)

    def first_version(self) -> str | None:
        """The version to begin with: now and then 2c, though it was 1."""
        return None if self.version == "1" and self.held >= TRY_BULK_AFTER else self.version

    def as_json(self) -> dict[str, Any]:
        """Without what is as it is at first."""
        told: dict[str, Any] = {
            name: value
            for name in ("credentials", "version", "step", "held", "silent", "maker", "rows")
            if (value := getattr(self, name))
        }
        if self.engine and self.engine.proved:
            engine = self.engine
            told["engine"] = [engine.id.hex(), engine.boots, engine.time, round(engine.at), engine.latest]
        return told

    @classmethod
    def from_json(cls, told: Any) -> Self:
        """Raises ValueError, TypeError or KeyError for what `as_json` never wrote."""
        if not isinstance(told, dict):
            raise TypeError("no object")
        whole = {
            name: _whole(told.get(name, 0)) for name in ("credentials", "step", "held", "silent", "maker")
        }
        version = told.get("version")
        if version not in (None, "1", "2c", "3") or whole["step"] >= len(LADDER):
            raise ValueError(version)
        read = cls(
            credentials=whole["credentials"],
            version=version,
            step=whole["step"],
            held=whole["held"],
            silent=whole["silent"],
            maker=whole["maker"] or None,
            rows={
                str(table): min(_whole(rows), MOST_ROWS) for table, rows in dict(told.get("rows", {})).items()
            },
        )
        if "engine" in told:
            engine_id, *numbers = told["engine"]
            boots, time, at, latest = map(_whole, numbers)
            if not 5 <= len(engine_id) // 2 <= 32 or max(boots, time, latest) > LARGEST_BOOTS:
                raise ValueError(engine_id)
            read.engine = Engine(bytes.fromhex(engine_id), boots, time, at, latest, proved=True)
        return read


def _whole(number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(number)
    return number


class Memory:
    """Of all devices. The least lately asked are forgotten beyond MOST_DEVICES."""

    def __init__(self) -> None:
        self._devices: dict[str, Remembered] = {}

    def __len__(self) -> int:
        return len(self._devices)

    def of(self, host: str, port: int) -> Remembered:
        """What is remembered of a device, which becomes the latest asked; at first nothing."""
        key = f"{host}:{port}"
        known = self._devices.pop(key, None) or Remembered()
        self._devices[key] = known
        while len(self._devices) > MOST_DEVICES:
            del self._devices[next(iter(self._devices))]
        return known

    def forget(self, host: str, port: int) -> None:
        self._devices.pop(f"{host}:{port}", None)

    def as_json(self) -> dict[str, Any]:
        """For keeping; `from_json` reads it."""
        return {"format": FORMAT, "devices": {key: known.as_json() for key, known in self._devices.items()}}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """Whatever of it can be read: what another version wrote, or damage, is forgotten."""
        memory = cls()
        devices = told.get("devices") if told.get("format") == FORMAT else None
        for key, known in devices.items() if isinstance(devices, dict) else ():
            try:
                memory._devices[str(key)] = Remembered.from_json(known)
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
        return memory
