"""What pages and replenishment read."""

from __future__ import annotations

import datetime as dt
import random

import numpy as np
import pytest
from django.db import connection

from metered.fleet.models import Device
from metered.reads import actions, queries
from metered.reads.columns import Layout
from metered.reads.models import DeviceState, Observation
from metered.reads.words import Note
from tests import factories

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
LAYOUT = Layout(("total", "mono"), ("toner/black/1.1", "waste//1.2"))


def remember(device: Device, rows: list[tuple[dt.datetime, list[int | None], list[int | None]]]) -> None:
    actions.import_history(
        layouts={device.pk: LAYOUT},
        observations=[actions.PastObservation(device.pk, at, meters, levels) for at, meters, levels in rows],
    )


def microseconds(at: dt.datetime) -> int:
    return round((at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))


def test_columns_hold_what_was_kept_in_the_order_of_device_and_time(
    cast: factories.Cast, now: dt.datetime
) -> None:
    devices = [factories.device(cast.main_st) for _ in range(5)]
    chance = random.Random(7)
    expected = []
    for device in devices:
        rows = []
        for age in range(chance.randrange(1, 8)):
            meters = [chance.randrange(10**12), chance.choice([None, 5])]
            levels = [chance.choice([None, -3, 0, 1000]), chance.choice([None, 7])]
            at = now - age * DAY + dt.timedelta(microseconds=chance.randrange(10**6))
            rows.append((at, meters, levels))
        remember(device, rows)
        expected += [(device.pk, *row) for row in sorted(rows, key=lambda row: row[0])]

    found = queries.observations_after_for_system([device.pk for device in devices[::-1]], [None] * 5)
    assert len(found) == len(expected)
    assert found.device.tolist() == [row[0] for row in expected]
    assert found.observed_us.tolist() == [microseconds(row[1]) for row in expected]
    wide_meters = [[-1 if value is None else value for value in row[2]] for row in expected]
    wide_levels = [[-32768 if value is None else value for value in row[3]] for row in expected]
    assert found.meter_table().tolist() == wide_meters
    assert np.array_equal(
        np.pad(found.level_table(), ((0, 0), (0, 2 - found.level_table().shape[1])), constant_values=-32768),
        wide_levels,
    )


def test_only_what_is_younger_than_each_devices_own_moment(cast: factories.Cast, now: dt.datetime) -> None:
    one, two = factories.device(cast.main_st), factories.device(cast.main_st)
    for device in (one, two):
        remember(device, [(now - age * DAY, [100 - age, None], [500, 500]) for age in range(60)])
    found = queries.observations_after_for_system([one.pk, two.pk], [now - 40 * DAY, now - 2 * DAY])
    assert np.count_nonzero(found.device == one.pk) == 40 and np.count_nonzero(found.device == two.pk) == 2
    until = queries.observations_after_for_system([one.pk], [None], until=now - 50 * DAY)
    assert len(until) == 10 and len(queries.observations_after_for_system([], [])) == 0


def test_held_meters_and_changed_cartridges(cast: factories.Cast, device: Device, now: dt.datetime) -> None:
    remember(device, [(now - DAY, [100, 50], [500, 500]), (now, [90, 50], [480, 500])])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reads_observation SET notes = %s, cartridges = %s WHERE observed_at = %s",
            [int(Note.METER_HELD), ["A", None], now],
        )
    found = queries.observations_after_for_system([device.pk], [None])
    assert found.meter_table().tolist() == [[100, 50], [-1, -1]]
    assert found.level_table().tolist() == [[500, 500], [480, 500]]
    assert found.cartridges == {1: ["A", None]} and found.notes.tolist() == [0, Note.METER_HELD]


def test_layouts_name_meters_and_slots(device: Device, now: dt.datetime) -> None:
    remember(device, [(now, [1, 2], [3, 4])])
    layout = queries.layouts_for_system([device.pk, 0])[device.pk]
    assert layout == LAYOUT and layout.meter("mono") == 1 and layout.meter("colour") == -1


def test_the_latest_levels_of_what_the_viewer_may_see(cast: factories.Cast, now: dt.datetime) -> None:
    here, there, foreign = (factories.device(a) for a in (cast.main_st, cast.harbor_st, cast.press_address))
    for device in (here, there, foreign):
        remember(device, [(now, [7, None], [-4, 405])])
    everything = [here.pk, there.pk, foreign.pk]
    assert set(queries.latest_levels(cast.owner, everything)) == {here.pk, there.pk}
    assert set(queries.latest_levels(cast.orderer, everything)) == {here.pk}
    found = queries.latest_levels(cast.owner, everything)[here.pk]
    assert found.levels["toner/black/1.1"].state == "low" and found.levels["waste//1.2"].percent == 40.5
    assert found.meters == {"total": 7} and found.received_at == now


def test_history_is_the_last_value_of_each_day(
    cast: factories.Cast, device: Device, now: dt.datetime
) -> None:
    noon = now.replace(hour=12, minute=0, second=0)
    remember(
        device,
        [
            (noon - 40 * DAY, [1, None], [900, 900]),
            (noon - 2 * DAY, [10, None], [500, -3]),
            (noon - 2 * DAY + dt.timedelta(hours=3), [12, None], [490, -3]),
            (noon - DAY, [15, None], [None, 800]),
        ],
    )
    found = queries.level_history(cast.owner, device, days=30, now=noon)
    before, yesterday = (noon - 2 * DAY).date(), (noon - DAY).date()
    assert found.levels == {"toner/black/1.1": [(before, 490)], "waste//1.2": [(yesterday, 800)]}
    assert found.meters == {"total": [(before, 12), (yesterday, 15)]}
    assert queries.level_history(cast.outsider, device, days=30, now=noon).levels == {}


def test_imported_history_ends_in_the_latest_state(cast: factories.Cast, now: dt.datetime) -> None:
    devices = [factories.device(cast.main_st) for _ in range(3)]
    rows = [
        actions.PastObservation(device.pk, now - age * DAY, [1000 - age, None], [age, -2])
        for device in devices
        for age in (3, 0, 400)
    ]
    count = actions.import_history(
        layouts={device.pk: LAYOUT for device in devices},
        observations=rows,
        software={devices[0].pk: "57.40"},
    )
    assert count == 9 and Observation.objects.count() == 9
    state = DeviceState.objects.get(device=devices[0])
    assert (state.meters, state.levels, state.observed_at, state.software) == (
        [1000, None],
        [0, -2],
        now,
        "57.40",
    )
