"""A plain report judged in one look is judged as rule by rule; what travels as columns comes back whole."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pytest
from django.db import connection

from metered.fleet.models import Device
from metered.reads import packing, store
from metered.reads.judge import Facts, Last, Values, judge
from metered.reads.wire import Report
from tests import factories
from tests.reads.batches import level, report
from tests.reads.conftest import Take

NOW = dt.datetime(2026, 3, 4, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def one(rng: random.Random) -> Any:
    """Whatever a report and a device's past can be, plain more often than not."""

    def rarely(value: Any, otherwise: Any) -> Any:
        return value if rng.random() < 0.12 else otherwise

    count = rng.randint(0, 3)
    before = [rng.randint(0, 1000) for _ in range(rarely(count + 1, count))]
    meters: list[int | None] = [rarely(None, rng.randint(900, 1100)) for _ in range(count)]
    facts = Facts(
        1, ["total", "mono", "colour_sheets"][:count], ["toner/black/1"], rarely(3, 9), True, None, None
    )
    last = Last(
        rarely(None, NOW - HOUR * rarely(-1, 1)),
        [rarely(None, value) for value in before],
        rarely([5] * count, None),
        rarely(["A"], None),
        rarely(NOW - 3 * HOUR, None),
        None,
    )
    said = Report(NOW - HOUR * rng.randint(0, 1), rarely("direct", "agent"), complete=rarely(False, True))
    return said, Values(meters, [rng.randint(0, 1000)], rarely(["B"], None)), facts, last


def test_in_one_look_as_rule_by_rule() -> None:
    rng = random.Random(6)
    plain = 0
    for _ in range(5000):
        said, values, facts, last = one(rng)
        asked: dict[str, Any] = {"received_at": NOW, "youngest": False}
        quick = judge(said, values, facts, last, place_at=None, **asked)
        # With a place to put it, should its clock be wrong, every rule is asked; here no clock is wrong.
        assert quick == judge(said, values, facts, last, place_at=NOW, **asked)
        plain += quick.newest and not quick.notes
    assert plain > 500


@pytest.mark.parametrize(
    "arrays", [[], [[]], [[1, 2], [3, 4]], [[1, None], [2, 3]], [[], [7], [None, None, -(2**40)]]]
)
def test_arrays_come_back(db: None, arrays: list[list[int | None]]) -> None:
    parts = []
    with connection.cursor() as cursor:
        for values in arrays:
            cursor.execute("SELECT array_send(%s::bigint[])", [values])
            parts.append(bytes(cursor.fetchone()[0]))
    lengths = np.array([len(part) for part in parts], dtype=np.int32)
    assert packing.unpack_arrays(b"".join(parts), lengths) == arrays


def test_devices_of_several_layouts_and_of_none_are_told_apart(cast: factories.Cast, take: Take) -> None:
    models = [factories.printer_model(), factories.printer_model()]
    devices: list[Device] = [factories.device(cast.main_st, model=models[n % 2]) for n in range(6)]
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    told = [
        report(
            device.serial,
            now,
            meters={"total": 10 + n} if n % 2 else {"mono": 20 + n, "colour": 30 + n},
            supplies=[level(0, 50.0), level(1, 60.0)] if n == 3 else [level(0, 40.0)],
        )
        for n, device in enumerate(devices[:5])
    ]
    assert take(now, *told).accepted == 5
    found = store.load(cast.northwind.pk, None, [device.serial_key for device in devices])
    for n, device in enumerate(devices):
        known = found[device.serial_key]
        assert known.facts.device_id == device.pk
        assert known.has_state == (n < 5)
        keys = [] if n == 5 else ["total"] if n % 2 else ["mono", "colour"]
        assert known.facts.meter_keys == keys
        assert known.last.meters == ([] if n == 5 else [10 + n] if n % 2 else [20 + n, 30 + n])
        assert len(known.layout.slots) == {3: 2, 5: 0}.get(n, 1)
        assert known.last.observed_at == (now if n < 5 else None)
