"""What is remembered of devices between rounds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from metered.agent import memory as module
from metered.agent.memory import TRY_BULK_AFTER, TRY_MORE_AFTER, Memory, Remembered
from metered.agent.snmp.columns import FIRST_WITHOUT_BULK
from metered.agent.snmp.secure import Engine


def _full() -> Memory:
    memory = Memory()
    known = memory.of("10.1.4.22", 161)
    known.credentials, known.version, known.step, known.held, known.silent = 2, "3", 1, 5, 0
    known.maker, known.rows = 253, {"1.3.6.1.2.1.43.11.1.1": 9}
    known.engine = Engine(b"\x80\x00\x1f\x88\x04x", 7, 1234, 1.7e9, 1200, proved=True)
    memory.of("printer.example", 1161).silent = 4
    memory.of("2001:db8::1", 161)
    return memory


def test_it_is_kept_as_json_and_read_back() -> None:
    told = json.loads(json.dumps(_full().as_json()))
    assert told["devices"]["2001:db8::1:161"] == {}
    again = Memory.from_json(told)
    assert again.as_json() == told
    assert len(again) == 3
    assert again.of("10.1.4.22", 161) == _full().of("10.1.4.22", 161)


def test_an_engine_that_proved_nothing_is_not_kept() -> None:
    memory = _full()
    engine = memory.of("10.1.4.22", 161).engine
    assert engine is not None
    engine.proved = False
    assert "engine" not in memory.as_json()["devices"]["10.1.4.22:161"]


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"format": 2, "devices": {"a:1": {}}},
        {"format": 1},
        {"format": 1, "devices": ["a"]},
        {"format": 1, "devices": {"a:1": None}},
        {"format": 1, "devices": {"a:1": {"step": 99}}},
        {"format": 1, "devices": {"a:1": {"step": -1}}},
        {"format": 1, "devices": {"a:1": {"credentials": "public"}}},
        {"format": 1, "devices": {"a:1": {"version": "4"}}},
        {"format": 1, "devices": {"a:1": {"rows": 7}}},
        {"format": 1, "devices": {"a:1": {"rows": {"1.3": True}}}},
        {"format": 1, "devices": {"a:1": {"engine": ["zz", 1, 2, 3, 4]}}},
        {"format": 1, "devices": {"a:1": {"engine": ["8000", 1, 2, 3, 4]}}},
        {"format": 1, "devices": {"a:1": {"engine": ["8000112233", 1]}}},
        {"format": 1, "devices": {"a:1": {"engine": 5}}},
        {"format": 1, "devices": {"a:1": {"engine": [5, 1, 2, 3, 4]}}},
    ],
)
def test_what_cannot_be_read_is_forgotten(told: dict[str, Any]) -> None:
    assert len(Memory.from_json(told)) == 0


def test_one_that_cannot_be_read_costs_no_other() -> None:
    told = {"format": 1, "devices": {"a:1": {"step": 99}, "b:1": {"step": 1}, "c:1": 5}}
    assert Memory.from_json(told).as_json()["devices"] == {"b:1": {"step": 1}}


def test_the_least_lately_asked_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DEVICES", 3)
    memory = Memory()
    for host in ("a", "b", "c", "a", "d"):
        memory.of(host, 161).silent = 1
    assert list(memory.as_json()["devices"]) == ["c:161", "a:161", "d:161"]
    memory.forget("c", 161)
    memory.forget("never", 161)
    assert len(memory) == 2


def test_more_is_tried_again_after_a_day_of_rounds_and_given_up_at_once() -> None:
    known = Remembered(version="2c", step=2)
    for _ in range(TRY_MORE_AFTER):
        assert known.first_step() == 2
        known.settled(2, 2)
    assert known.first_step() == 1, "one step, not all"
    known.settled(2, 1)  # it still cannot
    assert (known.first_step(), known.held) == (2, 0)
    for _ in range(TRY_MORE_AFTER):
        known.settled(2, 2)
    known.settled(1, 1)  # now it can
    assert (known.step, known.first_step()) == (1, 1)


def test_at_the_top_nothing_more_is_tried() -> None:
    known = Remembered(version="2c")
    for _ in range(3 * TRY_MORE_AFTER):
        known.settled(0, 0)
    assert (known.first_step(), known.held) == (0, 0)


def test_version_2c_is_tried_again_after_a_week_and_bulk_never_by_version_1() -> None:
    known = Remembered(version="1", step=FIRST_WITHOUT_BULK)
    for _ in range(TRY_BULK_AFTER):
        assert known.first_step() == FIRST_WITHOUT_BULK
        assert known.first_version() == "1"
        known.settled(FIRST_WITHOUT_BULK, FIRST_WITHOUT_BULK)
    assert known.first_version() is None
