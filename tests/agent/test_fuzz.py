"""Whatever a printer answers: a valid report or a WalkError, never a crash, never a number it did not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from metered.agent import asked, oids, report, walk
from metered.agent.vendors import VENDORS
from metered.agent.walk import Oid, Value, Walk, WalkError, oid
from tests.agent.devices import HERE, NOON
from tests.agent.telemetry import check

MADE = [path.read_bytes() for path in sorted(Path(HERE).glob("*.snmprec"))]


def _vendor_rows() -> list[Oid]:
    """Every row of the table of makers."""
    rows = [oid(row.oid) for row in asked.SCALARS if row.vendor]
    columns = [oid(row.oid) for row in asked.COLUMNS if row.vendor]
    return rows + [(*column, *index) for column in columns for index in ((1,), (2,), (1, 1), (1, 2))]


def _printer_rows() -> list[Oid]:
    columns = [value for name, value in vars(oids).items() if name.startswith(("prt", "hr", "ppm"))]
    columns += [f"{oids.prtMarkerSuppliesEntry}.{at}" for at in range(2, 10)]
    indexes = [(1,), (1, 1), (1, 2), (2, 1), (1, 1, 1), (0,), (4294967295, 4294967295)]
    system = [oid(oids.sysDescr), oid(oids.sysObjectID)]
    return system + [(*oid(column), *index) for column in columns for index in indexes]


ROWS = _printer_rows() + _vendor_rows()

NAMES = ["Black Toner", "TK-8527K", "Toner", "Waste Toner Box", "PN 006R01509;SN48178080E", "black", "other"]
NAMES += ["0", "100", "-100", "Counter: Machine Total", "Counter:Copy:Black & White", "RICOH MP 201 1.04 / x"]
NAMES += ["MFG:HP;MDL:HP LaserJet;", "HP ETHERNET MULTI-ENVIRONMENT,SN:CNB1234567", "Brother NC-8900h"]
NAMES += ["x" * 100, "light " * 9 + "cyan", "Firmware Ver." + "9." * 60]
NAMES += ["KONICA MINOLTA bizhub", "Xerox C8045; SS 1.2"]
words = st.sampled_from(NAMES)
numbers = st.one_of(
    st.sampled_from(
        [-100, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 19, 100, 1101, 2**31 - 1, 2**63 - 1]
    ),
    st.integers(-(2**63) + 1, 2**63 - 1),
)
octets = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    words.map(str.encode),
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 2**32 - 1)), max_size=6).map(
        lambda records: (
            b"".join(bytes([c]) + b"\x01\x04" + n.to_bytes(4, "big") for c, n in records) + b"\xff"
        )
    ),
)
object_ids = st.one_of(
    st.sampled_from([oid(f"1.3.6.1.4.1.{vendor.enterprise}.2.3.9") for vendor in VENDORS]),
    st.just(oid(oids.hrDevicePrinter)),
    st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=12).map(tuple),
)
values: st.SearchStrategy[Value] = st.one_of(numbers, octets, object_ids)
walks = st.dictionaries(st.sampled_from(ROWS), values, min_size=1, max_size=40)


def _read(rows: Walk) -> dict[str, Any] | None:
    try:
        element = report.read(rows, observed_at=NOON).as_json()
    except WalkError:
        return None
    json.dumps(element, allow_nan=False).encode()
    check(element)
    return element


def _all_numbers(rows: Walk) -> set[int]:
    return set(rows.integers("1").values())


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(walks)
def test_any_values_in_any_rows_give_valid_telemetry(given_rows: dict[Oid, Value]) -> None:
    rows = Walk(given_rows)
    element = _read(rows)
    if element is None:
        return
    answered = _all_numbers(rows)
    for supply in element["supplies"]:
        # level and capacity are numbers that stand in the walk; a percent is made of them or is a maker's own
        assert {supply["level"], supply["capacity"]} - {None} <= answered
        if supply["state"] == "percent" and supply["level"] is None:
            assert any(start in given_rows for start in _hint_rows()), "a percent out of nowhere"
        if supply["state"] in ("low", "empty"):
            said = walk_has_alert(rows) or any(start in given_rows for start in _hint_rows())
            assert said, "low or empty without an alert or a maker's flag"


def _hint_rows() -> list[Oid]:
    """Where makers say what is left."""
    return [row for row in _vendor_rows() if row[: len(BROTHER)] == BROTHER or row[: len(RICOH)] == RICOH]


BROTHER = oid("1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.8.0")
RICOH = oid("1.3.6.1.4.1.367.3.2.1.2.24.1.1.5")


def walk_has_alert(rows: Walk) -> bool:
    return 11 in rows.integers(oids.prtAlertGroup).values()


@settings(max_examples=600, deadline=None)
@given(st.sampled_from(MADE), st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4)), max_size=8))
def test_damaged_files_give_valid_telemetry_or_an_error(
    content: bytes, damages: list[tuple[int, bytes]]
) -> None:
    damaged = bytearray(content)
    for at, junk in damages:
        where = at % (len(damaged) + 1)
        damaged[where : where + len(junk)] = junk
    try:
        rows = walk.parse(bytes(damaged))
    except WalkError:
        return
    _read(rows)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=400))
@example(b"1.3.6.1.2.1.43.10.2.1.4.1.1|65|9\n1.3.6.1.2.1.43.11.1.1.9|2|5")
def test_any_bytes_are_a_walk_or_an_error(content: bytes) -> None:
    try:
        rows = walk.parse(content)
    except WalkError:
        return
    _read(rows)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MADE), st.sets(st.integers(0, 60)))
def test_rows_that_do_not_answer_never_change_what_the_others_say(content: bytes, lost: set[int]) -> None:
    """Losing rows may make a meter or a percent vanish, but no other number may appear."""
    lines = content.splitlines()
    whole = _read(walk.parse(content))
    kept = b"\n".join(line for at, line in enumerate(lines) if at not in lost)
    try:
        part = _read(walk.parse(kept))
    except WalkError:
        return
    if whole is None or part is None:
        return
    counts = {(meter["meter"], meter["source"]): meter["count"] for meter in whole["meters"]}
    total = next((meter["count"] for meter in whole["meters"] if meter["meter"] == "total"), 0)
    for meter in part["meters"]:
        known = counts.get((meter["meter"], meter["source"]), meter["count"])
        # a sum may lose what is within the one percent that a machine's own pages may be
        summed = walk.parse(content).get(meter["source"]) is None
        assert known == meter["count"] or (summed and 0 < known - meter["count"] <= total / 100)
    percents = {supply["slot"]: supply["percent"] for supply in whole["supplies"]}
    for supply in part["supplies"]:
        assert supply["percent"] in (None, percents[supply["slot"]])
