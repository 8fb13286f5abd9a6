"""`bench ingest`: one batch of 2,000 printers (6 supplies, 3 meters), taken in four ways in turn.

The floor is what PostgreSQL needs at least for the same values: a raw COPY of the history and one UPDATE
of the states (whose values come by COPY too), from text that was made before the clock started. Each way
has 2,000 printers of its own, so that none tidies up after another; all write to the same tables.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.utils import timezone

from metered.accounts.models import Account, Address
from metered.fleet.actions import issue_token, token_digest
from metered.fleet.models import (
    Agent,
    Contract,
    Device,
    MeterType,
    ModelMeter,
    ModelSupply,
    PrinterModel,
    Supply,
    Token,
)
from metered.fleet.serials import serial_key
from metered.reads import copying
from metered.reads.ingest import take_batch
from metered.reads.measuring import Took, best, clock, median
from metered.reads.models import DeviceState, Observation, Path
from metered.reads.packing import pack_levels, pack_meters
from metered.reads.partitions import ensure_partitions, month_of, partition_name
from metered.reads.sender import Sender
from metered.reads.serializers import BatchSerializer

PRINTERS = 2000
DAYS = 30
SLOTS = (
    ("toner", "black"),
    ("toner", "cyan"),
    ("toner", "magenta"),
    ("toner", "yellow"),
    ("drum", "black"),
    ("waste", None),
)
METERS = ("total", "mono", "colour")
Say = Callable[[str], Any]

_COPY = (
    "COPY reads_observation (observed_at, device_id, account_id, received_at, path, notes, meters, levels)"
    " FROM STDIN"
)
_STATES = """
CREATE TEMPORARY TABLE IF NOT EXISTS bench_states (
    device_id bigint, observed_at timestamptz, meters bigint[], levels smallint[]
) ON COMMIT DELETE ROWS
"""
_UPDATE = """
UPDATE reads_devicestate AS state SET
    meters = new.meters, levels = new.levels, observed_at = new.observed_at, received_at = new.observed_at
FROM bench_states AS new WHERE state.device_id = new.device_id
"""


@dataclass(frozen=True)
class Fleet:
    """One way's printers."""

    sender: Sender
    devices: list[Device]

    def body(self, at: dt.datetime, step: int) -> bytes:
        """Their reports as an agent sends them: about the 2.1 MB for which the goals were set."""
        return json.dumps(
            {
                "schema": 1,
                "agent": {
                    "instance": "0192f0c1-7c1e-7d0b-9a53-2f7a6d1c5e90",
                    "version": "1.0.0",
                    "sequence": step,
                    "sent_at": _utc(at),
                    "status": {"devices": PRINTERS, "silent": 0, "spooled": 0, "dropped": 0, "refused": []},
                },
                "reports": [_report(device, n, at, step) for n, device in enumerate(self.devices)],
            },
            separators=(",", ":"),
        ).encode()

    def lines(self, at: dt.datetime, step: int) -> str:
        """The same as ready COPY text of the history."""
        moment = at.isoformat()
        return "".join(
            f"{moment}\t{device.pk}\t{device.account_id}\t{moment}\t{int(Path.AGENT)}\t0\t"
            f"{copying.packed(pack_meters(_meters(n, step)))}\t"
            f"{copying.packed(pack_levels(_levels(n, step)))}\n"
            for n, device in enumerate(self.devices)
        )


def _utc(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _meters(n: int, step: int) -> list[int | None]:
    return [place * 100_000 + n * 37 + step * 25 for place in range(len(METERS))]


def _levels(n: int, step: int) -> list[int | None]:
    return [(n * 7 + place * 13 + step) % 101 * 10 for place in range(len(SLOTS))]


def _report(device: Device, n: int, at: dt.datetime, step: int) -> dict[str, Any]:
    meters, levels = _meters(n, step), _levels(n, step)
    return {
        "serial": device.serial,
        "observed_at": _utc(at),
        "path": "agent",
        "model": "VersaLink C7130",
        "vendor": "Xerox",
        "software": "57.40.31",
        "host": f"10.1.{n // 250}.{n % 250}",
        "complete": True,
        "meters": [
            {"meter": name, "count": count, "unit": "impressions"}
            for name, count in zip(METERS, meters, strict=True)
        ],
        "supplies": [
            {
                "slot": f"1.{place + 1}",
                "kind": kind,
                "colorant": colorant,
                "description": f"{colorant or ''} {kind} cartridge".strip(),
                "state": "percent",
                "percent": (levels[place] or 0) / 10,
            }
            for place, (kind, colorant) in enumerate(SLOTS)
        ],
        "alerts": ["toner_low"],
    }


def _model() -> PrinterModel:
    model = PrinterModel.objects.create(vendor="Bench", name="C1", colour=True)
    for name in METERS:
        kind, _ = MeterType.objects.get_or_create(code=name, defaults={"name": name})
        ModelMeter.objects.create(model=model, meter_type=kind)
    for number, (kind_of, colorant) in enumerate(SLOTS):
        supply = Supply.objects.create(
            reorder_number=f"B{number}", name=kind_of, kind=kind_of, colorant=colorant or "", yield_pages=6000
        )
        ModelSupply.objects.create(model=model, supply=supply)
    return model


def _fleet(name: str, model: PrinterModel) -> Fleet:
    account = Account.objects.create(number=name, name=name)
    address = Address.objects.create(account=account, name=name, time_zone="UTC", country="US")
    contract = Contract.objects.create(
        account=account,
        number=name,
        starts_on=dt.date(2024, 1, 1),
        currency="USD",
        included_kinds=["toner", "drum", "waste"],
    )
    agent = Agent.objects.create(account=account, name=name)
    token = Token.objects.get(digest=token_digest(issue_token(agent=agent)))
    devices = Device.objects.bulk_create(
        Device(
            account=account,
            contract=contract,
            address=address,
            model=model,
            serial=f"{name}{n:06d}",
            serial_key=serial_key(f"{name}{n:06d}"),
            installed_on=dt.date(2025, 1, 1),
            replenishment="on",
        )
        for n in range(PRINTERS)
    )
    return Fleet(Sender(token.pk, account.pk, None, agent.pk), list(devices))


# --- the ways --------------------------------------------------------------------------------------


def _floor(fleet: Fleet, at: dt.datetime, step: int) -> Callable[[], None]:
    lines, moment = fleet.lines(at, step), at.isoformat()
    states = "".join(
        f"{device.pk}\t{moment}\t{copying.numbers(_meters(n, step))}\t{copying.numbers(_levels(n, step))}\n"
        for n, device in enumerate(fleet.devices)
    )
    with connection.cursor() as cursor:
        cursor.execute(_STATES)

    def run() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy(_COPY) as copy:
                copy.write(lines)
            with cursor.copy("COPY bench_states FROM STDIN") as copy:
                copy.write(states)
            cursor.execute(_UPDATE)

    return run


def _ours(fleet: Fleet, at: dt.datetime, step: int) -> Callable[[], None]:
    body = fleet.body(at, step)

    def run() -> None:
        answer = take_batch(sender=fleet.sender, body=body)
        assert answer.accepted == PRINTERS, answer

    return run


def _fold(fleet: Fleet, at: dt.datetime, step: int) -> Callable[[], None]:
    """The next stage, found as telemetry finds it: by what it is woken with."""
    (name,) = import_module("metered.config.schedule").tasks_for("reads.batch")
    current_app.loader.import_default_modules()
    return lambda: current_app.tasks[name].run()


def _naive(fleet: Fleet, at: dt.datetime, step: int) -> Callable[[], None]:
    """A DRF serializer, objects, bulk_create: what one writes at first, with fewer checks than ours."""
    body = fleet.body(at, step)

    def run() -> None:
        serializer = BatchSerializer(data=json.loads(body))
        serializer.is_valid(raise_exception=True)
        reports = serializer.validated_data["reports"]
        received_at = timezone.now()
        with transaction.atomic():
            devices = {
                device.serial: device
                for device in Device.objects.filter(
                    account_id=fleet.sender.account_id, serial__in=[report["serial"] for report in reports]
                ).select_related("state")
            }
            observations, states = [], []
            for report in reports:
                device = devices[report["serial"]]
                state: DeviceState = device.state
                levels = {
                    f"{s['kind']}/{s['colorant'] or ''}/{s['slot']}": s["percent"] for s in report["supplies"]
                }
                counts = {meter["meter"]: meter["count"] for meter in report["meters"]}
                state.levels = [round(levels[key] * 10) for key in state.slot_keys]
                state.meters = [counts[key] for key in state.meter_keys]
                state.observed_at, state.received_at = report["observed_at"], received_at
                states.append(state)
                observations.append(
                    Observation(
                        observed_at=report["observed_at"],
                        device_id=device.pk,
                        account_id=device.account_id,
                        received_at=received_at,
                        path=Path.AGENT,
                        meters=state.meters,
                        levels=state.levels,
                    )
                )
            Observation.objects.bulk_create(observations, ignore_conflicts=True)
            DeviceState.objects.bulk_create(
                states,
                update_conflicts=True,
                unique_fields=["device"],
                update_fields=["levels", "meters", "observed_at", "received_at"],
            )

    return run


# --- the run ---------------------------------------------------------------------------------------


def _fill(fleet: Fleet, first: dt.datetime) -> float:
    """A month of daily history, day by day as it would come; returns bytes per observation with its index."""
    ensure_partitions(first, first + dt.timedelta(days=DAYS))
    for day in range(DAYS):
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.write(fleet.lines(first + dt.timedelta(days=day), day))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [partition_name(month_of(first))])
        (size,) = cursor.fetchone()
    kept = min(DAYS, Observation.objects.filter(device_id=fleet.devices[0].pk).count())
    return float(size) / (kept * PRINTERS)


def run(say: Say, rounds: int) -> None:
    """Measures and prints. Every way gets two batches before the clock runs, so that its slots are there."""
    model = _model()
    fleets = {name: _fleet(name, model) for name in ("floor", "ours", "naive")}
    now = timezone.now().replace(microsecond=0)
    first = (now.replace(day=1, hour=6, minute=0, second=0) - dt.timedelta(days=1)).replace(day=1)
    size = _fill(fleets["floor"], first)
    for fleet in fleets.values():
        for step in (1, 2):
            _ours(fleet, now - dt.timedelta(hours=20 - step), step)()
    fold_works = _try(say, _fold(fleets["ours"], now, 0))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    body = fleets["ours"].body(now, 0)
    say(
        f"one batch: {PRINTERS} printers, {len(SLOTS)} supplies and {len(METERS)} meters, {len(body):,} bytes"
    )

    taken: dict[str, list[Took]] = {"floor": [], "ours": [], "fold": [], "naive": []}
    for number in range(rounds):
        at, step = now - dt.timedelta(minutes=15 * (rounds - number)), 10 + number
        prepared = {
            "floor": _floor(fleets["floor"], at, step),
            "ours": _ours(fleets["ours"], at, step),
            "naive": _naive(fleets["naive"], at, step),
        }
        for name in ("floor", "ours", "naive") if number % 2 else ("naive", "ours", "floor"):
            taken[name].append(clock(prepared[name]))
            if name == "ours" and fold_works:
                taken["fold"].append(clock(_fold(fleets["ours"], at, step)))
    _print(say, taken, size)


def _try(say: Say, work: Callable[[], None]) -> bool:
    try:
        work()
    except Exception as error:
        say(f"folding is left out: {type(error).__name__}: {error}")
        return False
    return True


def _print(say: Say, taken: dict[str, list[Took]], size: float) -> None:
    """Medians are what counts; the best rounds, and what was computed, show what a busy machine hides."""
    ways = {"floor": taken["floor"], "ours": taken["ours"], "naive": taken["naive"]}
    if taken["fold"]:
        ways["both"] = [ours + fold for ours, fold in zip(taken["ours"], taken["fold"], strict=True)]
    middle = {name: median(times) for name, times in ways.items()}
    least = {name: best(times) for name, times in ways.items()}
    labels = {
        "floor": ("floor: COPY + one UPDATE", ""),
        "ours": ("ours: all checks", "must ≤ 4, aim ≤ 2.5"),
        "both": ("ours + forecast state folded", "must ≤ 10, aim ≤ 6"),
        "naive": ("DRF serializer + bulk_create", ""),
    }
    head = "   ".join(f"{name:>9} ÷ floor" for name in ("median ms", "best ms", "CPU ms"))
    say(f"{len(taken['floor'])} rounds, in turn{'':17}{head}")
    for name, (label, goal) in labels.items():
        if name in ways:
            of = middle["floor"], least["floor"]
            say(
                f"  {label:30}{middle[name].wall:12.1f} {middle[name].wall / of[0].wall:7.2f}"
                f"   {least[name].wall:9.1f} {least[name].wall / of[1].wall:7.2f}"
                f"   {middle[name].cpu:9.1f} {middle[name].cpu / of[0].cpu:7.2f}   {goal}"
            )
    ratio, best_ratio = middle["naive"].wall / middle["ours"].wall, least["naive"].wall / least["ours"].wall
    say(f"DRF ÷ ours: {ratio:.1f}, of the best rounds {best_ratio:.1f}   must ≥ 15, aim ≥ 40")
    say(f"bytes per printer and day, index included: {size:.0f}   must ≤ 160, aim ≤ 110")
