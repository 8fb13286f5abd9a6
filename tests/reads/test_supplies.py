"""A supply that is known by its bytes says what it says when it is read by itself."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from metered.reads import supplies, wire
from metered.reads.judge import Facts, Values, read_values
from metered.reads.store import layout_of
from tests.reads.batches import batch, encode, level, report

AT = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
FRAME = (
    b'{"schema":1,"agent":{"instance":"a","version":"1","sequence":1,"sent_at":"2026-11-20T06:00:00Z"},'
    b'"reports":[%s]}'
)
REPORT = b'{"observed_at":"2026-11-20T06:00:00Z","path":"agent","serial":"A%d","supplies":%s}'
GOOD = {"slot": '"1.1"', "kind": '"toner"', "colorant": '"black"', "state": '"percent"', "percent": "43.0"}
KEYS = (
    *supplies.SupplyLevel.__struct_fields__,
    "x", "a:b", "s\\u006cot", "\\u0073lot", "sl\\u003aot", "k\\u003A", ""
)  # fmt: skip
VALUES = (
    '"1.1"', '"1.2"', '"1/2"', '"toner"', '"waste"', '"percent"', '"low"', '"empty"', '"black"',
    '""', '"a:b"', '"},{"', '"}, {\\"slot\\":"', '"\\u003a"', '"x\\u003A\\u003a"', '"\\u0000"',
    '"\\\\u0000"', '"\\ud800"', '"\\u00fc"', '"\u00fc"', f'"{"d" * 600}"', f'"{":" * 40}"',
    '"impressions"', "null", "true",
    "0", "43", "43.0", "1e1", "-0.0", "99.96", "100.1", "-1", "1e400", "NaN", "Infinity", '"NaN"',
    "043", "4.",
    "[]", "{}", '{"a":1}', '{"a":1,"a":2}', '[{"slot":"1.1","slot":"1.1"}]', "[" * 60 + "]" * 60,
    '{"x":' * 60 + "1" + "}" * 60,
)  # fmt: skip
BLANKS = ("", "", "", " ", "\n\t ")


@st.composite
def supply(draw: st.DrawFn) -> str:
    """JSON of a supply, or nearly: most often a good one with something changed, added or doubled."""
    pairs = list(GOOD.items())
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2, 3)))):
        pair = draw(st.sampled_from(KEYS)), draw(st.sampled_from(VALUES))
        if draw(st.booleans()):
            pairs = [item for item in pairs if item[0] != pair[0]]
        pairs.insert(draw(st.integers(0, len(pairs))), pair)
    blank = draw(st.sampled_from(BLANKS))
    inner = f",{blank}".join(f'"{key}"{blank}:{blank}{value}' for key, value in pairs)
    return f"{{{blank}{inner}{blank}}}"


@st.composite
def listed(draw: st.DrawFn) -> bytes:
    """What stands where a report's supplies should."""
    items = draw(st.lists(supply(), max_size=3))
    comma = draw(st.sampled_from((",", ",", ", ", " ,\n")))
    whole = f"[{comma.join(items)}]"
    inner = items[0][1:-1] if items else ""
    others = (
        "null", "5", "{}", "[5]", "[[]]", "[{}]", f"[[{inner}]]", f"{{ {inner} }}", f"[ {whole} ]",
        f"[{comma.join([*items, '5'])}]", f'"{inner}"',
        f'{whole},"supplies":[]', f'[],"supplies":{whole}', f'[5],"supplies":{whole}',
    )  # fmt: skip
    chosen: str = draw(st.sampled_from((whole,) * 20 + others))
    return chosen.encode()


def outcome(body: bytes) -> Any:
    """All that a body is taken for."""
    try:
        read = wire.decode(body)
    except wire.Unreadable as error:
        return error.status, error.detail
    assert len(read.reports) == len(read.supplies)
    return read.sender, [
        each
        if isinstance(each, wire.Malformed)
        else [getattr(each, name) for name in each.__struct_fields__ if name != "supplies"]
        for each in read.reports
    ], read.supplies  # fmt: skip


@contextmanager
def one_by_one() -> Iterator[None]:
    """The other way: everything typed at once."""
    with patch.object(wire, "_understood", side_effect=msgspec.DecodeError):
        yield


def body_of(*lists: bytes) -> bytes:
    return FRAME % b",".join(REPORT % (n, each) for n, each in enumerate(lists))


ONE = b'{"slot":"1.1","kind":"toner","state":"percent","percent":43.0}'


@given(st.lists(listed(), max_size=3))
@example([b"[" + ONE + b"]", b"{ " + ONE[1:-1] + b" }"])
@example([b"[" + ONE + b"]", b"[" + ONE + b"," + ONE + b"]"])
@example([b'[{"slot":"1.1","kind":"toner","state":"low","state":"low"}]'])
@example([b'[{"slot":"1.1","kind":"toner","state":"low","x":1}]'])
@example([b'[{"slot":"1.1","kind":"toner","state":"low","cartridge_serial":"A","state":"low"}]'])
@example([b'[{"slot":"1.1","kind":"toner","state":"low","cartridge_serial":"A"},{"cartridge_serial":"B"}]'])
@example([b'[{"slot":"1.1","kind":"toner","state":"low","cartridge_serial":"A:B"}]'])
def test_both_ways_say_the_same_and_so_does_the_second_time(lists: list[bytes]) -> None:
    body = body_of(*lists)
    supplies.forget()
    first, second = outcome(body), outcome(body)
    with one_by_one():
        assert first == outcome(body)
    assert second == first
    if len(first) == 3:
        wire.refuse_double_keys_slowly(body)


@given(st.lists(listed(), min_size=1, max_size=3), listed())
def test_what_is_known_of_other_bodies_changes_nothing(before: list[bytes], now: bytes) -> None:
    supplies.forget()
    for each in before:
        outcome(body_of(each))
    body = body_of(now)
    with one_by_one():
        plain = outcome(body)
    assert outcome(body) == plain


def test_a_key_twice_in_a_supply_is_found_the_second_time_too() -> None:
    body = body_of(b'[{"slot":"1.1","kind":"toner","state":"low","state":"low"}]')
    for _ in range(3):
        assert outcome(body) == (400, "An object names a key twice.")


def test_an_unknown_key_is_none_twice_and_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[bytes] = []
    monkeypatch.setattr(wire, "refuse_double_keys_slowly", looked.append)
    body = body_of(b'[{"slot":"1.1","kind":"toner","state":"low","later":1}]')
    for _ in range(2):
        outcome(body)
    assert looked == [body, body]


def test_what_many_say_is_kept_once_and_read_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    supplies.forget()
    said = encode(batch(*[report(f"A{n}", AT, supplies=[level(0), level(5)]) for n in range(9)]))
    first = wire.decode(said).supplies
    assert len(supplies._kept) == 2
    monkeypatch.setattr(supplies, "_read", None)
    assert wire.decode(said).supplies == first
    assert first[0][0] is first[8][0]


def test_what_only_one_says_is_not_kept() -> None:
    supplies.forget()
    long = "d" * supplies.LONGEST_KEPT
    for told in (level(0, cartridge_serial="CRUM-1"), level(0, description=long)):
        found = wire.decode(encode(batch(report("A", AT, supplies=[told])))).supplies
        assert found[0][0].cartridge == told.get("cartridge_serial")
    assert not supplies._kept


def test_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    supplies.forget()
    monkeypatch.setattr(supplies, "MOST_KEPT", 5)
    for n in range(12):
        told = [level(0, float(n)), level(1, float(n))]
        found = wire.decode(encode(batch(report("A", AT, supplies=told)))).supplies[0]
        assert [each.level for each in found] == [n * 10, n * 10]
        assert 0 < len(supplies._kept) <= 5


def test_where_hardly_two_say_the_same_the_rest_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    supplies.forget()
    monkeypatch.setattr(supplies, "MOST_NEW", 3)
    told = [[level(0, float(n)), level(1, 50.0 + n)] for n in range(9)]
    body = encode(batch(*[report(f"A{n}", AT, supplies=each) for n, each in enumerate(told)]))
    with one_by_one():
        plain = outcome(body)
    assert outcome(body) == plain
    assert len(supplies._kept) == 4
    twice = body.replace(b'"percent":8.0', b'"percent":8.0,"slot":"1.1"')
    assert twice != body and outcome(twice) == (400, "An object names a key twice.")


@pytest.mark.parametrize("fullness", [False, True])
@given(st.permutations(range(6)), st.integers(0, 6), st.integers(0, 5))
def test_in_the_layouts_order_as_in_any(fullness: bool, order: list[int], known: int, serials: int) -> None:
    told = [
        level(n, 12.0 * n, cartridge_serial=f"C{n}" if n < serials else None) for n in sorted(order[:known])
    ]
    keys = [f"{item['kind']}/{item['colorant'] or ''}/{item['slot']}" for item in told]
    facts = Facts(1, [], keys, 9, fullness, None, None)
    for items in (told, told[::-1]):
        read = wire.decode(encode(batch(report("A", AT, meters={}, supplies=items))))
        (one,) = read.reports
        assert isinstance(one, wire.Report)
        values = read_values(one, read.supplies[0], facts, layout_of([], keys))
        assert isinstance(values, Values)
        there = sorted(order[:known])
        assert values.levels == [1000 - 120 * n if fullness and n == 5 else 120 * n for n in there]
        named = [item["cartridge_serial"] for item in told]
        assert values.cartridges == (named if any(named) else None)


def test_text_in_the_shape_of_a_border_between_supplies_is_text() -> None:
    told = level(0, description='},{"slot":"9')
    (found,) = wire.decode(encode(batch(report("A", AT, supplies=[told])))).supplies[0]
    assert found.said.description == json.loads(json.dumps(told))["description"]
