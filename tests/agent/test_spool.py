"""The spool: a real file, whatever ends the process, whatever the portal answers."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from metered.agent.report import utc
from metered.agent.schedule import Past
from metered.agent.spool import NAME, Spool, SpoolError
from metered.agent.spool_rows import Attempt, Limits
from metered.agent.spool_schema import MIGRATIONS, prepare
from tests.agent.devices import NOON, ROOT
from tests.agent.spools import accepted, drained, reading, readings, refused, report

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def attempt(
    host: str, at: dt.datetime = NOON, *, serial: str | None = None, error: str | None = None
) -> Attempt:
    return Attempt(host, 161, at, True, serial, "VersaLink C7130", "Xerox", error)


def test_what_goes_in_comes_out_in_order_and_to_the_byte(spool: Spool) -> None:
    given = [
        reading("A1", NOON),
        reading(None, NOON + HOUR, meters=False),
        reading("A1", NOON + HOUR, turn=1),
    ]
    spool.add(given[:1])
    spool.add(given[1:])
    batch = spool.form(NOON, 500)
    assert batch is not None
    start = batch.body.index(b'"reports":[') + len(b'"reports":[')
    assert batch.body[start:-2] == b",".join(each.body for each in given)


def test_it_is_written_through_before_add_returns(spool: Spool) -> None:
    assert spool._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert spool._db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_readings_of_an_outage_are_all_kept(spool: Spool) -> None:
    for turn in range(48):
        spool.add([reading("A1", NOON + turn * HOUR, meters=turn % 24 == 0, turn=turn)])
    told = list(drained(spool, most=10))
    assert told == [report("A1", NOON + turn * HOUR, meters=turn % 24 == 0, turn=turn) for turn in range(48)]
    assert spool.form(NOON, 500) is None


def test_a_printer_s_next_readings_cost_a_fraction_of_the_first(spool: Spool) -> None:
    for turn in range(24 * 7):
        spool.add([reading("A1", NOON + turn * HOUR, meters=turn % 24 == 0, turn=turn)])
    sizes = [size for (size,) in spool._db.execute("SELECT length(body) FROM reading")]
    plain = len(reading("A1", NOON).body)
    assert sum(sizes) / len(sizes) < plain / 10


def test_a_batch_is_the_same_bytes_until_it_is_answered(spool: Spool, tmp_path: Path) -> None:
    spool.add(readings(7))
    first = spool.form(NOON, 5)
    spool.add([reading("LATER", NOON + HOUR)])
    spool.close()
    after = Spool(tmp_path)
    again = after.form(NOON + HOUR, 3)
    assert first is not None and again == first and len(again) == 5
    after.settle(again, accepted(5), NOON)
    rest = after.form(NOON + HOUR, 5)
    assert rest is not None and rest.sequence > first.sequence and len(rest) == 3


def test_a_sequence_is_never_used_again(spool: Spool, tmp_path: Path) -> None:
    used = []
    told = {}
    for _ in range(3):
        batch = spool.form(NOON, 5, even_empty=True)
        assert batch is not None
        used.append(batch.sequence)
        told = json.loads(batch.body)["agent"]
        spool.settle(batch, accepted(0), NOON)
        spool.close()
        spool = Spool(tmp_path)
    assert used == sorted(set(used))
    assert told["instance"] == spool.instance and told["sequence"] == used[-1]


def test_the_envelope_says_how_the_agent_is(spool: Spool) -> None:
    spool.add(readings(3), [attempt("10.1.4.1", serial="SN00000")])
    spool.found([attempt("10.1.4.2")])
    spool.add([], [attempt("10.1.4.2", error="silence")])
    batch = spool.form(NOON, 2)
    assert batch is not None
    spool.settle(batch, accepted(2) | {"refused": [refused(1, "SN00001", "unknown_serial")]}, NOON)
    following = spool.form(NOON, 2)
    assert following is not None
    assert json.loads(following.body)["agent"]["status"] == {
        "devices": 2,
        "silent": 1,
        "spooled": 1,
        "spool_oldest": "2026-11-20T12:00:02Z",
        "dropped": 0,
        "refused": [{"serial": "SN00001", "reason": "unknown_serial"}],
    }


def test_what_is_refused_is_set_aside_with_the_reason(spool: Spool) -> None:
    spool.add(readings(3))
    batch = spool.form(NOON, 500)
    assert batch is not None
    answer = accepted(3) | {
        "refused": [refused(0, "SN00000", "unknown_serial"), refused(2, None, "missing_serial")]
    }
    settled = spool.settle(batch, answer, NOON + HOUR)
    assert (settled.taken, settled.again) == (1, 0)
    assert settled.refused == (("SN00000", "unknown_serial"), (None, "missing_serial"))
    assert spool.form(NOON, 500) is None
    aside = {each.serial: (each.reason, each.detail, each.count, each.last_at) for each in spool.aside()}
    assert aside["SN00000"] == ("unknown_serial", "because of unknown_serial", 1, NOON + HOUR)
    assert set(aside) == {"SN00000", "SN00002"}


def test_when_the_portal_knows_the_printer_what_was_set_aside_is_sent_again(spool: Spool) -> None:
    for turn in range(3):
        spool.add([reading("NEW1", NOON + turn * HOUR), reading("BAD1", NOON + turn * HOUR)])
        batch = spool.form(NOON, 500)
        assert batch is not None
        entries = [refused(0, "NEW1", "unknown_serial"), refused(1, "BAD1", "malformed_report")]
        spool.settle(batch, accepted(2) | {"refused": entries}, NOON)
    spool.add([reading("NEW1", NOON + 3 * HOUR), reading("BAD1", NOON + 3 * HOUR)])
    batch = spool.form(NOON, 500)
    assert batch is not None
    assert spool.settle(batch, accepted(2), NOON).again == 3
    assert [each["observed_at"] for each in drained(spool)] == [
        f"2026-11-20T{12 + turn}:00:00Z" for turn in range(3)
    ]
    assert [(each.serial, each.count) for each in spool.aside()] == [("BAD1", 3)]


def test_answers_with_an_index_that_was_never_sent_change_nothing(spool: Spool) -> None:
    spool.add(readings(2))
    batch = spool.form(NOON, 500)
    assert batch is not None
    answer = accepted(2) | {
        "refused": [refused(7, "X", "unknown_serial"), refused(-1, "X", "unknown_serial")]
    }
    assert spool.settle(batch, answer, NOON).taken == 2
    assert spool.aside() == []


def test_above_the_size_levels_are_dropped_before_meters_and_the_oldest_first(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(most_bytes=300_000))
    spool.add(readings(600, start=NOON, meters=True))
    spool.add(readings(900, start=NOON + HOUR, meters=False))
    assert spool.size() > 300_000
    assert spool.make_room(NOON + DAY) > 0
    assert spool.size() <= 300_000
    state = spool.state()
    assert state.dropped_levels >= 900 and state.dropped_at == NOON + DAY
    left = list(drained(spool))
    with_meters = [each for each in left if each["meters"]]
    assert len(with_meters) == 600 - state.dropped_meters
    stripped = [each for each in with_meters if not each["supplies"]]
    assert stripped and all(each["complete"] is False for each in stripped)


def test_a_limit_that_only_levels_exceed_costs_no_meter(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(most_bytes=210_000))
    spool.add(readings(100, start=NOON, meters=True))
    for hour in range(1, 12):
        spool.add(readings(100, start=NOON + hour * HOUR, meters=False))
        spool.make_room(NOON + hour * HOUR)
    state = spool.state()
    assert state.dropped_levels > 0 and state.dropped_meters == 0
    left = list(drained(spool))
    assert sum(bool(each["meters"]) for each in left) == 100
    levels = [each["observed_at"] for each in left if not each["meters"]]
    given = [
        utc(each.observed_at) for hour in range(1, 12) for each in readings(100, start=NOON + hour * HOUR)
    ]
    assert levels == given[-len(levels) :], "the newest stayed"


def test_too_old_levels_go_first_and_meters_later(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(levels_for=30 * DAY, meters_for=90 * DAY))
    spool.add([reading("OLD1", NOON), reading("OLD1", NOON + HOUR, meters=False)])
    assert spool.make_room(NOON + 29 * DAY) == 0
    assert spool.make_room(NOON + 31 * DAY) == 2
    (left,) = drained(spool)
    assert left["meters"] and left["supplies"] == [] and left["complete"] is False
    spool.add([reading("OLD1", NOON)])
    assert spool.make_room(NOON + 91 * DAY) == 1
    assert (spool.state().dropped_levels, spool.state().dropped_meters) == (2, 1)


def test_what_is_being_sent_is_not_dropped(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(most_bytes=1))
    spool.add(readings(20))
    batch = spool.form(NOON, 5)
    assert batch is not None
    spool.make_room(NOON + 400 * DAY)
    assert spool.form(NOON, 5) == batch
    assert spool.state().waiting == 5


def test_refused_readings_count_for_the_size_too(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Limits(most_bytes=400_000))
    spool.add(readings(900))
    batch = spool.form(NOON, 900)
    assert batch is not None
    entries = [refused(index, "X", "unknown_serial") for index in range(900)]
    spool.settle(batch, accepted(900) | {"refused": entries}, NOON)
    spool.make_room(NOON)
    assert spool.size() <= 400_000


def test_room_is_given_back_to_the_disk(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(readings(1_500))
    spool.close()
    before = (tmp_path / NAME).stat().st_size
    spool = Spool(tmp_path, Limits(most_bytes=1))
    assert sum(1 for _ in drained(spool)) == 1_500
    spool.add(readings(1))
    spool.make_room(NOON)
    spool.tidy(NOON)
    spool.close()
    assert (tmp_path / NAME).stat().st_size < before / 2


def test_bases_go_with_the_last_reading_that_needs_them(spool: Spool) -> None:
    spool.add(readings(3))
    spool.add([reading("SN00000", NOON + HOUR, turn=900, meters=False)])
    assert spool._db.execute("SELECT count(*) FROM base").fetchone() == (3,)
    assert len(list(drained(spool))) == 4
    spool.tidy(NOON)
    assert spool._db.execute("SELECT count(*) FROM base").fetchone() == (3,), "for the next reading"
    spool.add([reading("SN00000", NOON + 2 * HOUR)])
    assert len(list(drained(spool))) == 1


# Printers


def test_a_printer_is_its_serial_wherever_it_is(spool: Spool) -> None:
    assert spool.found([attempt("10.1.4.1", serial="A1"), attempt("10.1.4.2", serial="B2")]) == 2
    spool.add([], [attempt("10.1.4.1", NOON + HOUR, serial="A1")])
    assert spool.found([attempt("10.1.4.9", serial="A1")]) == 0
    moved, other = sorted(spool.printers(), key=lambda each: each.serial or "")
    assert (moved.host, moved.past.meters_at) == ("10.1.4.9", NOON + HOUR)
    assert (other.host, other.serial) == ("10.1.4.2", "B2")


def test_two_printers_that_changed_places(spool: Spool) -> None:
    spool.add([], [attempt("10.1.4.1", NOON, serial="A1"), attempt("10.1.4.2", NOON + HOUR, serial="B2")])
    spool.add(
        [], [attempt("10.1.4.1", NOON + DAY, serial="B2"), attempt("10.1.4.2", NOON + DAY, serial="A1")]
    )
    assert {each.host: each.serial for each in spool.printers()} == {"10.1.4.1": "B2", "10.1.4.2": "A1"}


def test_another_printer_at_the_same_address_has_no_past(spool: Spool) -> None:
    spool.add([], [attempt("10.1.4.1", NOON, serial="A1")])
    spool.found([attempt("10.1.4.1", NOON + DAY, serial="B2")])
    (printer,) = spool.printers()
    assert (printer.serial, printer.past) == ("B2", Past())


def test_failures_count_until_it_answers(spool: Spool) -> None:
    spool.found([attempt("10.1.4.1", serial="A1")])
    for turn in range(3):
        spool.add([], [attempt("10.1.4.1", NOON + turn * HOUR, error="did not answer")])
    (printer,) = spool.printers()
    assert (printer.past.failures, printer.past.tried_at, printer.error) == (
        3,
        NOON + 2 * HOUR,
        "did not answer",
    )
    assert spool.state().silent == 1
    spool.add([], [attempt("10.1.4.1", NOON + DAY, serial="A1")])
    (printer,) = spool.printers()
    assert (printer.past.failures, printer.error, printer.past.supplies_at) == (0, None, NOON + DAY)


# The file


def test_a_round_is_kept_whole_or_not_at_all(spool: Spool) -> None:
    def broken() -> object:
        yield reading("A1", NOON)
        raise RuntimeError("the round breaks off")

    with pytest.raises(RuntimeError):
        spool.add(broken())  # type: ignore[arg-type]
    assert spool.state().waiting == 0
    spool.add([reading("A1", NOON)])
    assert [each["serial"] for each in drained(spool)] == ["A1"]


WRITER = """
import sys
from pathlib import Path
from metered.agent.spool import Spool
from tests.agent.spools import accepted, readings
from tests.agent.devices import NOON
spool = Spool(Path(sys.argv[1]))
for turn in range(10_000):
    spool.add(readings(20))
    sys.stdout.write(f"{turn}\\n"); sys.stdout.flush()
    if turn % 3 == 2:
        batch = spool.form(NOON, 20)
        spool.settle(batch, accepted(20), NOON)
        sys.stdout.write(f"-{batch.sequence}\\n"); sys.stdout.flush()
"""


@pytest.mark.parametrize("lines", [1, 4, 9])
def test_kill_9_in_the_middle_of_writing_loses_nothing_that_was_committed(tmp_path: Path, lines: int) -> None:
    """A sample; `python3 manage.py prove agent kills` does it to the whole agent, hundreds of times."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(lines)]
    os.kill(process.pid, signal.SIGKILL)
    said += process.stdout.read().split()
    process.stdout.close()
    process.wait()
    added = sum(not line.startswith("-") for line in said)
    settled = sum(line.startswith("-") for line in said)
    spool = Spool(tmp_path)
    waiting = spool.state().waiting
    # what was committed but not said any more may be there too
    assert (added - settled - 1) * 20 <= waiting <= (added - settled + 1) * 20 and waiting % 20 == 0
    assert sum(1 for _ in drained(spool)) == waiting
    assert spool._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_older_file_is_brought_forward_without_losing_a_reading(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(readings(3))
    spool.close()
    newer = (*MIGRATIONS, "ALTER TABLE reading ADD COLUMN more TEXT")
    with sqlite3.connect(tmp_path / NAME, isolation_level=None) as db:
        prepare(db, newer)
        prepare(db, newer)
        assert db.execute("SELECT count(*), count(more) FROM reading").fetchone() == (3, 0)
        assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)


def test_a_step_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    Spool(tmp_path).close()
    db = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        prepare(db, (*MIGRATIONS, "CREATE TABLE more (id); SELECT * FROM nowhere"))
    db.close()
    db = sqlite3.connect(tmp_path / NAME)
    assert db.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'more'").fetchone() == (0,)
    db.close()


def test_a_file_of_a_newer_agent_is_left_alone(tmp_path: Path) -> None:
    Spool(tmp_path).close()
    with sqlite3.connect(tmp_path / NAME) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(SpoolError, match="written by a newer metered-agent"):
        Spool(tmp_path)


def test_what_is_no_spool_is_told_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"this is no database" * 100)
    with pytest.raises(SpoolError, match="file is not a database"):
        Spool(tmp_path)
    assert (tmp_path / NAME).read_bytes().startswith(b"this is no database")


def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add(readings(3))
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolError, match="database or disk is full"):
        spool.add(readings(500, start=NOON + DAY))
    assert spool.state().waiting == 3
    spool._db.execute("PRAGMA max_page_count = 4294967294")
    spool.add(readings(500, start=NOON + DAY))
    assert sum(1 for _ in drained(spool)) == 503
