"""Walks gone wrong: `prove agent` bends and reads many, the suite a sample.

Made and recorded walks are bent in every way that printers, networks and bugs do. Each must give a report or
a WalkError: no other exception, no hang, the same report for the same rows, valid telemetry, and nothing in
it that the walk does not say (claims.py).
"""

from __future__ import annotations

import json
import random
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from metered.agent import oids, report, walk
from metered.agent.rules import Packed, Remaining
from metered.agent.vendors import VENDORS
from metered.agent.walk import Oid, Value, Walk, WalkError, oid
from tests.agent.claims import faults, rules_of
from tests.agent.devices import HERE, NOON, rows_of
from tests.agent.telemetry import check

TOO_LONG = 20  # seconds; one takes a few milliseconds

Rows = dict[Oid, Value]


@dataclass
class Outcome:
    """`faults`: what did not hold, each with the number that reproduces it (`one(seed, number)`)."""

    tried: int = 0
    reports: int = 0
    refused: int = 0
    meters: int = 0
    supplies: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.tried:,} walks: {self.reports:,} reports with {self.meters:,} meters and "
            f"{self.supplies:,} supplies, {self.refused:,} refused with a reason, {len(self.faults)} faults"
        )


def fuzz(
    count: int,
    *,
    seed: int = 0,
    recordings: Path | None = None,
    say: Callable[[str], object] | None = None,
) -> Outcome:
    """Bends and reads `count` walks. `recordings`: a folder of more to bend. `say` is told now and then."""
    outcome = Outcome()
    for number in range(count):
        rows = one(seed, number, recordings)
        outcome.tried += 1
        try:
            with _no_longer_than(TOO_LONG):
                element = _read(rows, twice=number % 5 == 0)
        except WalkError:
            outcome.refused += 1
        except Exception as error:
            outcome.faults.append(f"walk {number} of seed {seed}: {type(error).__name__}: {error}")
        else:
            outcome.reports += 1
            outcome.meters += len(element["meters"])
            outcome.supplies += len(element["supplies"])
            outcome.faults += [f"walk {number} of seed {seed}: {fault}" for fault in faults(rows, element)]
        if say and (number + 1) % 5000 == 0:
            say(str(outcome))
    return outcome


def one(seed: int, number: int, recordings: Path | None = None) -> Rows:
    """The walk of this number: the same rows for the same numbers and folder."""
    chance = random.Random(f"{seed}:{number}")
    bases = _bases(recordings)
    rows = dict(chance.choice(bases))
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8, 20))):
        if rows:
            chance.choice(MUTATIONS)(chance, rows, bases)
    return rows


def _read(rows: Rows, *, twice: bool) -> dict[str, Any]:
    element = report.read(Walk(rows), observed_at=NOON).as_json()
    if twice and report.read(Walk(dict(reversed(rows.items()))), observed_at=NOON).as_json() != element:
        raise AssertionError("the same rows in another order are another report")
    json.dumps(element, allow_nan=False).encode()
    check(element)
    return element


@contextmanager
def _no_longer_than(seconds: int) -> Iterator[None]:
    """Ends a hang with TimeoutError; only a process's main thread can be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"not done in {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@cache
def _bases(recordings: Path | None) -> Sequence[Rows]:
    folders = [HERE, *([recordings] if recordings and recordings.is_dir() else [])]
    found = [walk.parse(file.read_bytes()) for folder in folders for file in sorted(folder.glob("*.snmprec"))]
    return [rows_of(each) for each in found]


NUMBERS: tuple[int, ...] = (
    *(-(2**63), -100, -4, -3, -2, -1, 0, 1, 2, 3, 4, 7, 8, 19, 99, 100, 101, 1101, 1104),
    *(2**31 - 1, 2**31, 2**32 - 1, 10**15, 10**15 + 1, 2**63 - 1, 2**63, 2**64 - 1),
)
ARCS = (0, 1, 2, 3, 255, 2**31, 2**32 - 1)
WORDS = (
    b"Black Toner",
    b"TK-8527K",
    b"Toner Yellow",
    b"Waste Toner Box",
    b"TN-423BK",
    b"Fuser",
    b"PN 006R01509;SN48178080E",
    b"black",
    b"other",
    b"100",
    b"-3",
    b"00000000",
    b"Counter: Machine Total",
    b"Counter:Copy:Black & White",
    b"Total 1",
    b"Total (Black/Small)",
    b"Monochrome",
    b"MFG:HP;MDL:HP LaserJet;SN:X1;",
    "Tóner negro, très léger".encode(),
    "シアン トナー".encode("shift_jis"),
    b"Toner gelb \xe4\xf6\xfc \xff",
    b"\xc3",
    b"\xf0\x9f\x96\xa8",
    b"\x01\x15HP\x00\x00",
    b"\xfd\xe8CNB1234567",
    b"x" * 5000,
    b" " * 5000 + b"1",
    b"A-" * 2000,
    b"light " * 500 + b"cyan",
    b"",
)

Mutation = Callable[[random.Random, Rows, Sequence[Rows]], None]


def _row(chance: random.Random, rows: Rows) -> Oid:
    return chance.choice(list(rows))


def _lose_row(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    del rows[_row(chance, rows)]


def _lose_column(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    row = _row(chance, rows)
    start = row[: max(6, len(row) - chance.randint(1, 3))]
    for other in [other for other in rows if other[: len(start)] == start]:
        del rows[other]


def _lose_tail(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    """The device stopped answering."""
    for other in sorted(rows)[chance.randrange(len(rows)) :]:
        del rows[other]


def _number(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    numbers = [row for row, value in rows.items() if isinstance(value, int)]
    if numbers:
        chosen = chance.choice(NUMBERS) if chance.random() < 0.7 else chance.randint(-200, 10**6)
        rows[chance.choice(numbers)] = chosen


def _near_number(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    numbers = [row for row, value in rows.items() if isinstance(value, int)]
    if numbers:
        row = chance.choice(numbers)
        value = rows[row]
        assert isinstance(value, int)
        rows[row] = chance.choice((value + 1, value - 1, -value, value * 10, value // 10, value % 2**16))


def _zeros(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    """It is starting, or its firmware is broken: all its numbers are one number."""
    same = chance.choice((0, 0, 1, -2, 100))
    for row, value in rows.items():
        if isinstance(value, int):
            rows[row] = same


def _word(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    texts = [row for row, value in rows.items() if isinstance(value, bytes)]
    if texts:
        rows[chance.choice(texts)] = chance.choice(WORDS)


def _bent_text(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    texts = [row for row, value in rows.items() if isinstance(value, bytes)]
    if not texts:
        return
    row = chance.choice(texts)
    value = rows[row]
    assert isinstance(value, bytes)
    at = chance.randint(0, len(value))
    rows[row] = chance.choice(
        (
            value[:at],
            value[at:],
            value[:at] + b"\x00" + value[at:],
            value + b"\x00" * chance.randint(1, 20),
            b"  " + value + b"    ",
            value[:at] + bytes([chance.randrange(256)]) + value[at + 1 :],
            value[:at] + chance.randbytes(chance.randint(1, 8)) + value[at:],
            value * chance.randint(2, 40),
            value[::-1],
            value.upper(),
            value.decode("latin-1").encode("utf-8"),
            value.decode("latin-1").encode("utf-16"),
        )
    )


def _other_type(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    row = _row(chance, rows)
    value = rows[row]
    if isinstance(value, int):
        rows[row] = chance.choice((str(value).encode(), b" %d\x00" % value, (1, 3, 6), b"", b"many"))
    elif isinstance(value, bytes):
        rows[row] = chance.choice(
            (chance.choice(NUMBERS), (1, 3, 6, 1), b"", int.from_bytes(value[:8], "big"))
        )
    else:
        rows[row] = chance.choice((0, b"1.3.6.1.4.1.11", b"", value[:-1] or (0,), (*value, 2**32 - 1)))


def _other_index(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    row = _row(chance, rows)
    value = rows.pop(row)
    moved = chance.choice(
        (
            (*row[:-1], chance.choice(ARCS)),
            (*row, chance.choice(ARCS)),
            row[:-1],
            (*row[:-2], chance.choice(ARCS), row[-1]),
        )
    )
    rows[moved or row] = value


def _twice(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    """A whole table line once more, under another index."""
    line = _row(chance, rows)
    to = chance.choice((*ARCS, 7, 8, 9))
    index = line[-2:]
    for row in [row for row in rows if row[:9] == line[:9] and row[-2:] == index]:
        rows[(*row[:-1], to)] = rows[row]


def _swap(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    one_row, other = _row(chance, rows), _row(chance, rows)
    rows[one_row], rows[other] = rows[other], rows[one_row]


def _two_devices(chance: random.Random, rows: Rows, bases: Sequence[Rows]) -> None:
    """Rows of another device get in between, as behind an address that changed hands."""
    stranger = chance.choice(bases)
    for row in chance.sample(list(stranger), chance.randint(1, len(stranger))):
        rows[row] = stranger[row]


def _other_maker(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    number = chance.choice([vendor.enterprise for vendor in VENDORS] + [8072, 4242])
    rows[oid(oids.sysObjectID)] = (*oid(oids.enterprises), number, 2, 3, 9)


def _packed(chance: random.Random, rows: Rows, bases: Sequence[Rows]) -> None:
    codes = [code for rule in rules_of(Remaining) for code in rule.codes] + [0, 1, 2, 0x16, 0xFE]
    records = b"".join(
        bytes([chance.choice(codes), chance.choice((1, 1, 1, 1, 2)), 4])
        + chance.choice((0, 100, 5000, 10_000, 10_001, 2**32 - 1, chance.randrange(10**6))).to_bytes(4, "big")
        for _ in range(chance.randint(0, 12))
    )
    strings = [rule.row.oid for rule in rules_of(Packed)] + [rule.row.oid for rule in rules_of(Remaining)]
    target = chance.choice(strings)
    if chance.random() < 0.7:  # its maker's device, which leaves its levels open
        rows[oid(oids.sysObjectID)] = oid("1.3.6.1.4.1.2435.2.3.9.1")
        _open_level(chance, rows, bases)
    rows[oid(target)] = records + chance.choice((b"\xff", b"\xff", b"", b"\x00", chance.randbytes(5)))


def _alert(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    index = (1, chance.randint(1, 9))
    for column, number in (
        (oids.prtAlertGroup, chance.choice((11, 11, 11, 10, 5))),
        (oids.prtAlertGroupIndex, chance.choice((-1, 0, 1, 2, 3, 4, 5))),
        (oids.prtAlertCode, chance.choice((1101, 1104, 1107, 1109, 12, 13, 1115, -2))),
    ):
        rows[(*oid(column), *index)] = number


def _open_level(chance: random.Random, rows: Rows, _: Sequence[Rows]) -> None:
    for column in (oids.prtMarkerSuppliesLevel, oids.prtMarkerSuppliesMaxCapacity):
        for row in [row for row in rows if row[: len(oid(column))] == oid(column)]:
            if chance.random() < 0.6:
                rows[row] = chance.choice((-1, -2, -3, -2, -3, 0))


MUTATIONS: tuple[Mutation, ...] = (
    _lose_row,
    _lose_column,
    _lose_tail,
    _number,
    _number,
    _near_number,
    _zeros,
    _word,
    _bent_text,
    _bent_text,
    _other_type,
    _other_index,
    _twice,
    _swap,
    _two_devices,
    _other_maker,
    _packed,
    _alert,
    _open_level,
)
