"""Shapes of the messages of fleet-replay/1, checked on the way in (method part 3)."""

from __future__ import annotations

import msgspec

from metered.replenishment.state import KINDS


class Columns(msgspec.Struct):
    """Columnar arrays are of equal length."""

    def __post_init__(self) -> None:
        lengths = {len(v) for name in self.__struct_fields__ if isinstance(v := getattr(self, name), list)}
        if len(lengths) > 1:
            raise ValueError(f"{type(self).__name__}: columns of different length")


class Devices(Columns):
    site: list[int]
    model: list[int]
    color: list[int]
    connected: list[int]
    meter_modulus: list[float | None]


class Sites(Columns):
    sector: list[str]


class Supplies(Columns):
    device: list[int]
    kind: list[str]
    pool: list[int]
    yields: list[float] = msgspec.field(name="yield")
    reports: list[str]


class Pools(Columns):
    site: list[int]
    sku: list[int]
    declared_stock: list[float]


class Hello(msgspec.Struct):
    protocol: str
    start_date: str
    days: int
    devices: Devices
    sites: Sites
    supplies: Supplies
    pools: Pools
    holidays: list[int] = []
    lead_business_days_promise: tuple[int, int] = (2, 6)
    forecast_days: list[int] = []

    def __post_init__(self) -> None:
        if self.protocol != "fleet-replay/1":
            raise ValueError(f"unknown protocol {self.protocol!r}")
        n_sites, n_devices, n_pools = len(self.sites.sector), len(self.devices.site), len(self.pools.site)
        for name, ids, end in (
            ("devices.site", self.devices.site, n_sites),
            ("pools.site", self.pools.site, n_sites),
            ("supplies.device", self.supplies.device, n_devices),
            ("supplies.pool", self.supplies.pool, n_pools),
        ):
            if ids and not (min(ids) >= 0 and max(ids) < end):
                raise ValueError(f"{name}: an id outside 0..{end - 1}")
        unknown = set(self.supplies.kind) - set(KINDS)
        if unknown:
            raise ValueError(f"supplies.kind: unknown {sorted(unknown)}")
        if any(y <= 0 for y in self.supplies.yields):
            raise ValueError("supplies.yield: must be positive")


class Meters(Columns):
    d: list[int] = []
    total: list[float] = []
    color: list[float] = []


class LevelReports(Columns):
    s: list[int] = []
    v: list[float] = []


class Units(Columns):
    p: list[int] = []
    n: list[float] = []


class HeavyJob(msgspec.Struct):
    d: int
    start: float
    end: float
    pages: float
    color: int = 0


class Day(msgspec.Struct):
    day: int
    reports: Meters = msgspec.field(default_factory=Meters)
    levels: LevelReports = msgspec.field(default_factory=LevelReports)
    reads: Meters = msgspec.field(default_factory=Meters)
    delivered: Units = msgspec.field(default_factory=Units)
    customer_orders: Units = msgspec.field(default_factory=Units)
    emergency_orders: Units = msgspec.field(default_factory=Units)
    stock_counts: Units = msgspec.field(default_factory=Units)
    heavy_jobs: list[HeavyJob] = []
    removed: list[int] = []


class Kind(msgspec.Struct):
    """The first look at a line: what kind of message it is."""

    type: str


class Ready(msgspec.Struct, tag="ready"):
    pass


class Forecast(msgspec.Struct):
    s: list[int]
    q10: list[float]
    q50: list[float]
    q90: list[float]


class Orders(msgspec.Struct, tag="orders", omit_defaults=True):
    day: int
    p: list[int]
    n: list[int]
    ask_count: list[int] = []
    forecast: Forecast | None = None
