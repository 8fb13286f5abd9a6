"""Levels and packed numbers (pure)."""

from __future__ import annotations

import datetime as dt
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metered.reads import copying, levels, packing, store, wire
from tests.reads.batches import batch, encode, report


@given(st.floats(0, 100))
def test_a_percent_survives_to_a_tenth(percent: float) -> None:
    found = levels.decode(levels.encode("percent", percent))
    assert (
        found.state == "percent" and found.percent is not None and abs(found.percent - percent) <= 0.05 + 1e-9
    )


@pytest.mark.parametrize("state", sorted(levels.CODES))
def test_every_state_survives(state: str) -> None:
    assert levels.decode(levels.encode(state)) == levels.LevelState(state)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "percent"),
    [("percent", None), ("percent", 100.1), ("percent", -0.1), ("low", 5.0), ("full", None)],
)
def test_a_level_is_never_made_up(state: str, percent: float | None) -> None:
    with pytest.raises(ValueError, match=r"."):
        levels.encode(state, percent)


def test_fullness_becomes_space_and_unknown_codes_are_not_reported() -> None:
    assert levels.encode("percent", 66, fullness=True) == 340
    assert levels.decode(None) == levels.decode(-99) == levels.NOT_REPORTED
    assert levels.decode(-4).is_low and levels.decode(100).is_low and not levels.decode(101).is_low


@given(st.lists(st.none() | st.integers(0, 2**62), max_size=70))
def test_meters_survive_packing(values: list[int | None]) -> None:
    found = packing.unpack_meters(packing.pack_meters(values))
    assert found + [None] * (len(values) - len(found)) == values


@given(st.lists(st.none() | st.integers(-5, 1000), max_size=70))
def test_levels_survive_packing(values: list[int | None]) -> None:
    found = packing.unpack_levels(packing.pack_levels(values))
    assert found + [None] * (len(values) - len(found)) == values


def test_copy_text_escapes_what_copy_reads_otherwise() -> None:
    assert copying.text("a\tb\\c\n") == "a\\tb\\\\c\\n"
    assert copying.words(['q"', None, "NULL"]) == '{"q\\\\"",NULL,"NULL"}'
    assert copying.numbers([1, None]) == "{1, NULL}"


def test_gzip_is_one_member_and_nothing_else() -> None:
    body = encode(batch())
    assert wire.gunzip(gzip.compress(body)) == wire.gunzip(gzip.compress(body), len(body)) == body
    for tail in (gzip.compress(b""), b"\0", b"x"):
        with pytest.raises(wire.Unreadable) as refused:
            wire.gunzip(gzip.compress(body) + tail)
        assert refused.value.status == 400


def test_the_layout_of_any_stored_keys_is_found() -> None:
    keys = ["toner/a\x1fb/1.1", "toner", "", "toner/a/b/c"]
    assert store.layout_of(["total"], keys).slots["toner", "a\x1fb", "1.1"] == 0
    assert store.layout_of([], keys).slots["toner", "a/b", "c"] == 3


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_any_text_in_a_string_is_no_double_key(text: str) -> None:
    body = encode(batch(report("A", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), host=text)))
    assert wire.decode(body).reports[0].host == text  # type: ignore[union-attr]


def test_the_fast_way_is_taken_for_what_agents_send(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(body: bytes) -> None:
        raise AssertionError("looked at every object")

    monkeypatch.setattr(wire, "refuse_double_keys_slowly", slow)
    plain = batch(report("A", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), vendor='"x": {y}'))
    plain["reports"][0]["observed_at"] = "2026-01-01T00:00:00Z"
    assert wire.decode(encode(plain)).reports[0].serial == "A"
