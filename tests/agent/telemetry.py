"""What telemetry.md asks of a report, checked on its JSON. Independent of the code that wrote it."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

KINDS = {"toner", "waste", "drum", "fuser", "ink", "staples", "other"}
STATES = {"percent", "low", "empty", "some_remaining", "unknown", "unrestricted"}
METER_UNITS = {"impressions", "sheets", "other"}
SUPPLY_UNITS = {
    "percent",
    "impressions",
    "sheets",
    "grams",
    "tenths_of_grams",
    "millilitres",
    "items",
    "hours",
    "other",
}
LARGEST = 2**63 - 1
MOST = 10**15  # counts


def check(report: dict[str, Any]) -> None:
    """Fails with an AssertionError on the first thing that a portal would not understand."""
    assert list(report) == [
        "serial",
        "observed_at",
        "path",
        "model",
        "vendor",
        "software",
        "complete",
        "meters",
        "supplies",
        "alerts",
    ]
    assert datetime.fromisoformat(report["observed_at"]).utcoffset() is not None
    assert report["path"] == "agent"
    assert isinstance(report["complete"], bool)
    for key in ("serial", "model", "vendor", "software"):
        _text(report[key])
    assert len(report["serial"] or "") <= 64 and len(report["software"] or "") <= 64
    assert len(report["alerts"]) <= 32
    for meter in report["meters"]:
        _check_meter(meter)
    assert len({meter["meter"] for meter in report["meters"]}) == len(report["meters"])
    for supply in report["supplies"]:
        _check_supply(supply)
    slots = [supply["slot"] for supply in report["supplies"]]
    assert len(set(slots)) == len(slots)
    assert all(isinstance(alert, str) and alert for alert in report["alerts"])


def _text(text: object) -> None:
    if text is not None:
        assert isinstance(text, str) and text.strip() == text != ""
        assert "\x00" not in text and len(text) <= 255
        text.encode()


def _check_meter(meter: dict[str, Any]) -> None:
    assert set(meter) == {"meter", "count", "unit", "source"}
    assert type(meter["count"]) is int and 0 <= meter["count"] <= MOST
    assert len(meter["meter"]) <= 32 and meter["meter"].isascii() and "/" not in meter["meter"]
    assert meter["unit"] in METER_UNITS
    assert meter["meter"] and all(part.isdigit() for part in meter["source"].split("."))


def _check_supply(supply: dict[str, Any]) -> None:
    assert set(supply) == {
        "slot",
        "kind",
        "colorant",
        "description",
        "reorder_number",
        "cartridge_serial",
        "state",
        "percent",
        "level",
        "capacity",
        "unit",
    }
    assert all(part.isdigit() for part in supply["slot"].split("."))
    assert supply["kind"] in KINDS and supply["state"] in STATES and supply["unit"] in SUPPLY_UNITS
    for key, longest in (("colorant", 24), ("reorder_number", 64), ("cartridge_serial", 64), ("slot", 24)):
        _text(supply[key])
        assert len(supply[key] or "") <= longest
    _text(supply["description"] or None)
    percent, level, capacity = supply["percent"], supply["level"], supply["capacity"]
    assert (percent is not None) == (supply["state"] == "percent")
    if percent is not None:
        assert math.isfinite(percent) and 0 <= percent <= 100
        assert (level is None) == (capacity is None), "a percent stands on both numbers or on the maker's own"
        if level is not None:
            assert math.isclose(percent, 100 * level / capacity, abs_tol=0.051)
    assert level is None or (type(level) is int and 0 <= level <= LARGEST)
    assert capacity is None or (type(capacity) is int and 0 < capacity <= LARGEST)
