"""Whether a typed read is likely, and what it was meant to be (method section 7). Pure."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from metered.reads.counts import count_of, moment_of
from metered.reads.cutoff import due
from metered.reads.plausible import Known, Point, Slip, active_days, weigh

START = dt.datetime(2026, 1, 5, 14, tzinfo=dt.UTC)
MONTH = dt.timedelta(days=30)


def device(
    mono: int = 100_000, colour: int = 40_000, *, months: int = 8, index: float = 1.0, digits: int = 9
) -> Known:
    """900 mono and 400 colour pages a month, the last read at START + `months`."""
    points = [
        Point(START + n * MONTH, {"mono": mono - 900 * (months - n), "colour": colour - 400 * (months - n)})
        for n in range(months + 1)
    ]
    return Known(digits, points, points[-1].values, points[-1].at, index=index)


NOW = START + 9 * MONTH


def judge(mono: int, colour: int, known: Known | None = None, **neighbours: Known) -> tuple[str, Slip | None]:
    others = dict(enumerate(neighbours.values(), 7))
    doubt = weigh({"mono": mono, "colour": colour}, NOW, known or device(), others).doubt
    return (doubt.problem, doubt.slip) if doubt else ("good", None)


@pytest.mark.parametrize(
    ("mono", "colour", "problem", "kind", "meant"),
    [
        (100_900, 40_400, "good", "", None),
        (100_500, 40_700, "good", "", None),
        (109_000, 40_400, "high", "transposed", {"mono": 100_900}),
        (10_900, 40_400, "below", "missing", None),
        (1_000_900, 40_400, "high", "doubled", {"mono": 100_900}),
        (40_400, 100_900, "below", "swapped", {"mono": 100_900, "colour": 40_400}),
        (100_900, 90_400, "high", "wrong", {"colour": 40_400}),
        (104_500, 40_400, "high", "wrong", None),
        (100_000, 40_000, "idle", "", None),
        (123, 45, "below", "controller", None),
    ],
)
def test_the_slips_of_a_person(
    mono: int, colour: int, problem: str, kind: str, meant: dict[str, int] | None
) -> None:
    said, slip = judge(mono, colour)
    assert said == problem
    assert (slip.kind if slip else "") == kind
    if meant is not None:
        assert slip is not None and slip.values is not None and slip.values.items() >= meant.items()


def test_a_neighbours_read() -> None:
    neighbour = device(700_000, 3_000)
    said, slip = judge(700_900, 3_400, neighbour=neighbour)
    assert said == "below" and slip == Slip("neighbour", None, 7)


def test_a_rollover_goes_on_and_no_history_is_no_doubt() -> None:
    assert judge(400, 40_400, device(999_500, digits=6))[0] == "good"
    assert judge(5, 6, Known(9))[0] == "good"
    one = Known(9, [Point(START, {"mono": 10, "colour": 5})], {"mono": 10, "colour": 5}, START)
    assert judge(9, 6, one)[0] == "below" and judge(90_000, 6, one)[0] == "good"


def test_a_quiet_season_is_told_by_the_connected_devices() -> None:
    # A usual month in the summer break of a school is none.
    assert judge(100_900, 40_400)[0] == "good"
    assert judge(100_900, 40_400, device(index=0.05))[0] == "high"
    assert judge(100_045, 40_020, device(index=0.05))[0] == "good"


def test_a_month_of_little_use_is_believed() -> None:
    # Devices stand still for weeks more often than somebody mistypes a read into the same month.
    assert total(100_111)[0] == "good"
    assert total(100_000)[0] == "idle"


def test_what_a_slip_explains_is_asked_sooner_than_what_none_does() -> None:
    # 9,100 pages in a month of 900: 109,100 may have been 100,910 or so; twice the usual is a busy month.
    assert total(109_100)[0] == "high"
    assert total(101_800)[0] == "good"


def test_a_slip_of_a_few_pages_is_let_pass() -> None:
    # 100,009 with two digits exchanged, most likely; but it is about 81 pages.
    assert total(100_090, 9)[0] == "good"


def test_a_device_of_one_read_is_judged_as_most_devices_are() -> None:
    one = Known(9, [Point(START, {"total": 100_000})], {"total": 100_000}, START)
    assert weigh({"total": 104_000}, START + MONTH, one).doubt is None
    doubled = weigh({"total": 1_004_000}, START + MONTH, one).doubt
    assert doubled is not None and doubled.problem == "high" and doubled.usual is None
    idle = weigh({"total": 100_000}, START + MONTH, one).doubt
    assert idle is not None and idle.problem == "idle"


def total(value: int, pages: int = 900) -> tuple[str, Slip | None]:
    """A read of a device that prints `pages` a month and stood at 100,000 a month ago."""
    points = [Point(START + n * MONTH, {"total": 100_000 - pages * (8 - n)}) for n in range(9)]
    doubt = weigh({"total": value}, NOW, Known(9, points, points[-1].values, points[-1].at)).doubt
    return (doubt.problem, doubt.slip) if doubt else ("good", None)


def test_before_a_later_read() -> None:
    known = device()
    later = Known(9, known.points, known.last, known.since, following={"mono": 100_500})
    assert judge(100_900, 40_400, later)[0] == "after"


def test_honest_reads_are_seldom_asked_about() -> None:
    """A sample of the goal: at most 1 % false alarms on months that differ as much as real ones do."""
    rng = np.random.default_rng(4)
    alarms = 0
    for _device in range(400):
        rate, mono, colour = float(rng.lognormal(3.9, 1.0)) * 30, 100_000, 30_000
        points = []
        for month in range(9):
            points.append(Point(START + month * MONTH, {"mono": mono, "colour": colour}))
            pages = rate * float(rng.lognormal(0, 0.25))
            mono, colour = mono + int(0.7 * pages), colour + int(0.3 * pages * rng.lognormal(0, 0.1))
        known = Known(9, points[:-1], points[-2].values, points[-2].at)
        alarms += weigh(points[-1].values, points[-1].at, known).doubt is not None
    assert alarms <= 4


def test_activity_days_are_working_days() -> None:
    monday = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    assert active_days(monday, monday + dt.timedelta(days=7)) == pytest.approx(5.05)
    assert active_days(monday, monday) == 0


@pytest.mark.parametrize(
    ("cell", "english", "german"),
    [
        ("18421", 18421, 18421),
        ("18,421", 18421, None),
        ("18.421", None, 18421),
        ("1.234.567", 1234567, 1234567),
        ("18 421", 18421, 18421),
        ("18\u202f421", 18421, 18421),
        ("18’421", 18421, 18421),
        ("18421.0", 18421, 18421),
        ("18421,00", 18421, 18421),
        ("１８４２１", 18421, 18421),
        ("'18421", 18421, 18421),
        ("1,84,21", None, None),
        ("18,421.5", None, None),
        ("-1", None, None),
        ("1e5", None, None),
        ("", None, None),
        ("²", None, None),
        (5.0, 5, 5),
        (5.5, None, None),
        (float("nan"), None, None),
        (float("inf"), None, None),
        (True, None, None),
        (-3, None, None),
        (dt.date(2026, 1, 1), None, None),
    ],
)
def test_counts(cell: object, english: int | None, german: int | None) -> None:
    assert (count_of(cell, decimal="."), count_of(cell, decimal=",")) == (english, german)


def test_moments() -> None:
    zone, now = ZoneInfo("America/New_York"), dt.datetime(2026, 11, 25, 20, tzinfo=dt.UTC)

    def moment(cell: object) -> str:
        found = moment_of(cell, zone=zone, now=now, formats=["%d.%m.%Y", "%m/%d/%Y %H:%M"])
        return f"{found:%Y-%m-%d %H:%M}" if found else ""

    assert moment("2026-11-25") == "2026-11-25 20:00"
    assert moment("2026-11-24") == moment("24.11.2026") == moment(dt.date(2026, 11, 24)) == "2026-11-24 17:00"
    assert moment(46350) == "2026-11-24 17:00"
    assert moment("11/24/2026 08:30") == moment("2026-11-24T08:30") == "2026-11-24 13:30"
    for nonsense in (
        "2026-02-31",
        "yesterday",
        "0001-01-01",
        "9999-12-31",
        "",
        5,
        True,
        None,
        "2026-11-24T99:00",
    ):
        assert moment(nonsense) == ""


def test_the_due_day_that_counts() -> None:
    zone = ZoneInfo("America/New_York")

    def on(day: str, every: int = 1, starts: dt.date = dt.date(2024, 1, 1)) -> str:
        now = dt.datetime.fromisoformat(day).replace(tzinfo=zone)
        found = due(now, zone=zone, read_day=25, every_months=every, starts_on=starts)
        return f"{found.on} {found.opens.astimezone(zone):%Y-%m-%d %H:%M}" if found else ""

    assert on("2026-11-17T23:59") == "2026-10-25 2026-10-18 00:00"
    assert on("2026-11-18T00:00") == "2026-11-25 2026-11-18 00:00"
    assert on("2026-12-10T00:00") == "2026-11-25 2026-11-18 00:00"
    assert on("2026-12-31T00:00", every=3) == "2026-10-25 2026-10-18 00:00"
    assert on("2026-11-20T00:00", starts=dt.date(2026, 11, 26)) == ""
