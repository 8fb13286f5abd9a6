"""`bench night`: a night over 1,000,000 positions of which one in a hundred is due, and what else costs.

Every figure is set against one sequential scan of the positions, by one process. The night finds the due
addresses by their index, weighs every pool there, keeps each reason and proposes what is to be sent. Beside
it: a full recompute from history and a loop over model objects, both from a sample; and what one report costs
a device that has 30, 365 or 1,095 days of history.
"""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.utils import timezone

from metered.accounts.models import Account
from metered.fleet.models import Contract, Device, MeterType, ModelMeter, ModelSupply, PrinterModel, Supply
from metered.reads.measuring import Took, best, clock, median
from metered.reads.models import Observation
from metered.reads.partitions import ensure_partitions
from metered.replenishment import actions
from metered.replenishment.models import FleetStats, Position, Proposal

ADDRESSES, DEVICES, SLOTS = 55_556, 3, 6
"""Addresses, devices of each, slots of each device: 1,000,008 positions; a pool per address and supply."""
DUE = 100
"""One address in so many is due."""
ACCOUNTS = 1000
HISTORIES = (30, 365, 1095)
OF_EACH = 300
SAMPLE, LOOPED = 120, 40
SUPPLIES = (
    ("toner", "black"),
    ("toner", "cyan"),
    ("toner", "magenta"),
    ("toner", "yellow"),
    ("drum", "black"),
    ("waste", ""),
)
Say = Callable[[str], Any]

_ADDRESSES = """
INSERT INTO accounts_address (id, public_id, account_id, name, time_zone, country, subdivision,
    refused_reason)
SELECT n, substr(md5('a' || n), 1, 12), 1 + n %% %(accounts)s, 'Site ' || n, 'UTC', 'US', '', ''
FROM generate_series(1, %(addresses)s) AS n
"""
_DEVICES = """
INSERT INTO fleet_device (id, public_id, account_id, contract_id, address_id, model_id, serial, serial_key,
    name, place, path, installed_on, replenishment, replenishment_reason)
SELECT n, substr(md5('d' || n), 1, 12), a.account_id, a.account_id, a.id, %(model)s, 'N' || n,
    'N' || n, '', '', 'agent', '2024-01-01', 'on', ''
FROM generate_series(1, %(devices)s) AS n JOIN accounts_address a ON a.id = 1 + (n - 1) / %(each)s
"""
_SLOTS = """
INSERT INTO fleet_slot (id, account_id, device_id, kind, colorant, code, position, name, supply_id,
    replenished)
SELECT (d.id - 1) * %(slots)s + p.n, d.account_id, d.id, s.kind, s.colorant, '1.' || p.n, p.n - 1, '', s.id,
    true
FROM fleet_device d CROSS JOIN generate_series(1, %(slots)s) AS p (n) JOIN fleet_supply s ON s.id = p.n
"""
_POOLS = """
INSERT INTO stock_pool (id, public_id, account_id, contract_id, address_id, supply_id, shelf, on_the_way,
    leaving)
SELECT (a.id - 1) * %(slots)s + s.id, substr(md5('p' || a.id || '/' || s.id), 1, 12), a.account_id,
    a.account_id, a.id, s.id, 0, 0, 0
FROM accounts_address a CROSS JOIN fleet_supply s
"""
# As folding leaves it: levels anywhere between a twentieth and full, use as rated, a hundred pages a day.
_RATES = """
INSERT INTO replenishment_devicerate (device_id, account_id, folded_at, slots, uses, t, total, colour, n_fast,
    n_slow, nc_fast, nc_slow, d_fast, d_slow, err, held_t, held_total, held_colour)
SELECT d.id, d.account_id, %(at)s, kept.slots, kept.uses, %(t)s, 50000, 20000, 1100, 6000, 440, 2400,
    11, 60, 0.05, 'nan', 'nan', 'nan'
FROM fleet_device d CROSS JOIN LATERAL (
    SELECT string_agg(
            int8send(s.id) || int8send((d.address_id - 1) * %(slots)s + s.position + 1)
            || int2send(1::int2) || int2send(0::int2) || int2send(0::int2)
            || float8send(0.05 + 0.95 * random()) || float8send(0.02) || float8send(0.02)
            || float8send(0.02) || float8send(0.003) || float8send(0) || float8send('nan')
            || float8send(%(t)s), '' ORDER BY s.id) AS slots,
        array_fill(1.0::float8, ARRAY[2 * %(slots)s]) AS uses
    FROM fleet_slot s WHERE s.device_id = d.id
) AS kept
"""
_POSITIONS = """
INSERT INTO replenishment_position (slot_id, account_id, device_id, pool_id, cartridge, days_q10, days_q50,
    days_q90, runs_out_from, runs_out_at, runs_out_until, looked_at)
SELECT s.id, s.account_id, s.device_id, (d.address_id - 1) * %(slots)s + s.position + 1, '', 20, 30, 40,
    %(at)s::timestamptz + interval '20 days', %(at)s::timestamptz + interval '30 days',
    %(at)s::timestamptz + interval '40 days', %(at)s
FROM fleet_slot s JOIN fleet_device d ON d.id = s.device_id
"""
_FORECASTS = """
INSERT INTO replenishment_poolforecast (pool_id, account_id, entry_id, shelf, below, "right", above, base,
    arrived, r_base, used, v, v_t, asked)
SELECT p.id, p.account_id, 0, 0, 0.0, 0.96, 0.04, 0, 0, 0.3, 0, 0.1225, %(t)s, 'nan' FROM stock_pool p
"""
_STATES = """
INSERT INTO reads_devicestate (device_id, account_id, meter_keys, slot_keys, meters, levels, observed_at,
    received_at, path, software, host, alerts, complete, refused_reason, refused_count)
SELECT d.id, d.account_id, ARRAY['total', 'mono', 'colour'], %(keys)s::text[], ARRAY[50000, 30000, 20000],
    array_fill(500::smallint, ARRAY[%(slots)s]), %(at)s, %(at)s, 0, '', '', '{}', true, '', 0
FROM fleet_device d
"""
_REVIEWS = """
INSERT INTO replenishment_addressreview (address_id, account_id, due_at)
SELECT id, account_id,
    CASE WHEN id %% %(due)s = 0 THEN %(at)s ELSE %(at)s::timestamptz + interval '5 days' END
FROM accounts_address
"""
_HISTORY = """
INSERT INTO reads_observation (observed_at, device_id, account_id, received_at, path, notes, meters, levels)
SELECT moment, d.id, d.account_id, moment, 0, 0,
    reverse_bytes(int8send(50000 - 100 * age)) || reverse_bytes(int8send(30000 - 60 * age))
        || reverse_bytes(int8send(20000 - 40 * age)),
    (SELECT string_agg(reverse_bytes(int2send((1000 - (1000 + (place * 170) - age * 16) %% 1000)::int2)), '')
     FROM generate_series(1, %(slots)s) AS place)
FROM fleet_device d CROSS JOIN generate_series(0, %(days)s) AS age
CROSS JOIN LATERAL (SELECT %(at)s::timestamptz - age * interval '1 day' AS moment) AS at
WHERE d.id BETWEEN %(first)s AND %(last)s
"""
# Observations are little-endian (reads/packing.py), and what PostgreSQL sends is not.
_REVERSE = """
CREATE OR REPLACE FUNCTION pg_temp.reverse_bytes(data bytea) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(substr(data, n, 1), '' ORDER BY n DESC) FROM generate_series(1, length(data)) AS n
$$
"""


def _catalogue() -> PrinterModel:
    model = PrinterModel.objects.create(vendor="Bench", name="C1", colour=True)
    for name in ("total", "mono", "colour"):
        kind, _ = MeterType.objects.get_or_create(code=name, defaults={"name": name})
        ModelMeter.objects.create(model=model, meter_type=kind)
    for number, (kind_of, colorant) in enumerate(SUPPLIES, start=1):
        supply = Supply.objects.create(
            pk=number,
            reorder_number=f"B{number}",
            name=kind_of,
            kind=kind_of,
            colorant=colorant,
            yield_pages=6000 if kind_of == "toner" else 40_000,
        )
        ModelSupply.objects.create(model=model, supply=supply)
    accounts = [Account(pk=n, number=f"N{n}", name=f"N{n}") for n in range(1, ACCOUNTS + 1)]
    Account.objects.bulk_create(accounts)
    Contract.objects.bulk_create(
        Contract(
            pk=account.pk,
            account=account,
            number=account.number,
            starts_on=dt.date(2024, 1, 1),
            currency="USD",
            included_kinds=["toner", "drum", "waste"],
        )
        for account in accounts
    )
    return model


def fill(addresses: int, now: dt.datetime) -> None:
    """The fleet and its running state, by SQL."""
    model = _catalogue()
    at = now - dt.timedelta(hours=12)
    values: dict[str, Any] = {
        "accounts": ACCOUNTS,
        "addresses": addresses,
        "devices": addresses * DEVICES,
        "each": DEVICES,
        "slots": SLOTS,
        "model": model.pk,
        "at": at,
        "t": at.timestamp() / 86400,
        "due": DUE,
        "keys": [f"{kind}/{tint}/1.{n}" for n, (kind, tint) in enumerate(SUPPLIES, start=1)],
    }
    steps = (_ADDRESSES, _DEVICES, _SLOTS, _POOLS, _RATES, _POSITIONS, _FORECASTS, _STATES, _REVIEWS)
    with connection.cursor() as cursor:
        # Nothing here can contradict itself; checking a million references would take minutes.
        cursor.execute("SET session_replication_role = replica")
        for step in steps:
            cursor.execute(step, values)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("SELECT setval('replenishment_proposal_id_seq', 1)")
        cursor.execute("VACUUM ANALYZE")
    for kind in ("K", "C", "M", "Y", "drumK", "waste"):
        FleetStats.objects.create(kind=kind, c_mean=1.0, learnt_at=now)


def _remember(first: int, last: int, days: int, at: dt.datetime) -> None:
    """Daily observations of the devices from `first` to `last`, the youngest `at`."""
    ensure_partitions(at - dt.timedelta(days=days), at + dt.timedelta(days=31))
    with connection.cursor() as cursor:
        cursor.execute(_REVERSE)
        cursor.execute(
            _HISTORY.replace("reverse_bytes", "pg_temp.reverse_bytes"),
            {"slots": SLOTS, "days": days, "at": at, "first": first, "last": last},
        )


# --- the ways --------------------------------------------------------------------------------------


def _scan() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute("SELECT count(*), sum(days_q50) FROM replenishment_position")
        cursor.fetchone()
        cursor.execute("RESET max_parallel_workers_per_gather")


def _night(now: dt.datetime) -> int:
    looked = 0
    while taken := actions.review_addresses(limit=actions.LOOK, now=now):
        looked += taken
    return looked


_MOVED = """
UPDATE replenishment_position o SET runs_out_from = runs_out_from - interval '1 day',
    runs_out_at = runs_out_at - CASE WHEN slot_id %% 3 = 0 THEN interval '1 day' ELSE interval '0' END,
    runs_out_until = runs_out_until + interval '1 day'
FROM fleet_device d
WHERE d.id = o.device_id AND d.address_id %% %s = 0 AND slot_id %% 3 < 2 AND runs_out_at IS NOT NULL
"""


def _again(now: dt.datetime) -> None:
    """As it was before the night: of the run-outs a third stands on other days, a third on another likely day
    as well, as a day's reports move them. In the first round every one of them does.
    """
    Proposal.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, [DUE])
        cursor.execute(
            "UPDATE replenishment_addressreview SET due_at = %s WHERE address_id %% %s = 0",
            [now - dt.timedelta(hours=1), DUE],
        )
        cursor.execute(
            "VACUUM replenishment_addressreview, replenishment_position, replenishment_poolforecast"
        )


def _loop(device_ids: list[int], now: dt.datetime) -> None:
    """What one writes at first: a device at a time, its history as objects, a saved row for each slot."""
    for pk in device_ids:
        device = Device.objects.select_related("account", "address", "contract", "model").get(pk=pk)
        since = now - dt.timedelta(days=90)
        rows = list(Observation.objects.filter(device_id=pk, observed_at__gt=since).order_by("observed_at"))
        for slot in device.slots.select_related("supply"):
            used = 0
            for before, after in itertools.pairwise(rows):
                used += max(before.levels[slot.position] - after.levels[slot.position], 0)
            left = rows[-1].levels[slot.position] if rows else 500
            days = left / max(used / 90, 0.1)
            position = Position.objects.get(slot=slot)
            pool_id = position.pool_id
            assert pool_id is not None
            position.days_q50, position.runs_out_at = days, now + dt.timedelta(days=days)
            position.runs_out_from = position.runs_out_until = position.runs_out_at
            position.looked_at = now
            position.save()
            if days < 10 and not Proposal.objects.filter(pool_id=pool_id, status="open").exists():
                Proposal.objects.create(
                    account=device.account, contract=device.contract, address=device.address,
                    pool_id=pool_id, quantity=1, slot_ids=[slot.pk], reason={"days": days},
                )  # fmt: skip


# --- the run ---------------------------------------------------------------------------------------


def run(say: Say, rounds: int, positions: int = ADDRESSES * DEVICES * SLOTS) -> None:
    """Measures and prints."""
    # The histories are of so many devices.
    addresses = max(positions // (DEVICES * SLOTS), len(HISTORIES) * OF_EACH // DEVICES)
    now = timezone.now().replace(microsecond=0)
    took = clock(lambda: fill(addresses, now))
    devices = addresses * DEVICES
    positions = devices * SLOTS
    say(
        f"{positions:,} positions of {devices:,} devices at {addresses:,} addresses, made in"
        f" {took.wall / 1000:.0f} s"
    )
    scans: list[Took] = []
    nights: list[Took] = []
    _scan()
    for _ in range(rounds):
        _again(now)
        scans.append(clock(_scan))
        nights.append(clock(lambda: _night(now)))
        scans.append(clock(_scan))
    due = addresses // DUE * DEVICES * SLOTS
    kept = Proposal.objects.count()
    scan, night = median(scans), median(nights)
    head = "   ".join(f"{name:>9} ÷ scan" for name in ("median ms", "best ms", "CPU ms"))
    say(f"{rounds} rounds, in turn{'':30}{head}")
    for label, times, goal in (
        ("one sequential scan of the positions", scans, ""),
        (f"night: {due:,} due, {kept:,} proposals", nights, "must ≤ 5, aim ≤ 3"),
    ):
        middle, least = median(times), best(times)
        say(
            f"  {label:42}{middle.wall:12.1f} {middle.wall / scan.wall:6.2f}"
            f"   {least.wall:9.1f} {least.wall / best(scans).wall:6.2f}"
            f"   {middle.cpu:9.1f} {middle.cpu / scan.cpu:6.2f}   {goal}"
        )
    last = addresses * DEVICES
    groups = {}
    for days in HISTORIES:
        first, last = last - OF_EACH + 1, last
        _remember(first, last, days, now - dt.timedelta(hours=12))
        groups[days] = list(range(first, last + 1))
        last = first - 1
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE reads_observation")
    sample = groups[365][:SAMPLE]
    full = clock(lambda: actions.rebuild(device_ids=sample, now=now)).cpu / SAMPLE * devices
    say(f"  full recompute, 365 days each, CPU   {full:12.0f} {full / scan.cpu:8.0f}   {SAMPLE} devices")
    looped = clock(lambda: _loop(groups[365][-LOOPED:], now)).cpu / LOOPED * devices
    say(f"  a loop over model objects, CPU       {looped:12.0f} {looped / scan.cpu:8.0f}   {LOOPED} devices")
    say(f"model objects ÷ night: {looped / night.cpu:,.0f}   must ≥ 1,000, aim ≥ 5,000")
    _per_report(say, groups, now, rounds)


def _per_report(say: Say, groups: dict[int, list[int]], now: dt.datetime, rounds: int) -> None:
    """What one more report costs the state of a device with a long history, and with a short one."""
    taken: dict[int, list[float]] = {days: [] for days in groups}
    for number in range(rounds + 1):
        at = now - dt.timedelta(hours=11) + number * dt.timedelta(minutes=15)
        for days, ids in groups.items():
            _remember(ids[0], ids[-1], 0, at)
            cost = clock(lambda ids=ids: actions._fold_devices(ids, now))  # type: ignore[misc]
            if number:
                taken[days].append(cost.cpu * 1000 / len(ids))
    least = statistics.median(taken[min(taken)])
    for days, costs in taken.items():
        middle = statistics.median(costs)
        say(f"  a report more after {days:5,} days: {middle:6.0f} µs CPU  × {middle / least:.2f}")
