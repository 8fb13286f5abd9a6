"""The encoding, and messages of versions 1 and 2c, judged by the reference."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metered.agent.snmp import ber, pdu
from metered.agent.snmp.ber import Malformed
from metered.agent.snmp.columns import LADDER, Column, Manner, Plan, Portion, Reading, portion, taken
from metered.agent.snmp.credentials import Community, CredentialsError, User
from metered.agent.snmp.pdu import Answer, Pdu
from metered.agent.snmp.plain import PlainAsk
from metered.agent.snmp.rows import Name, Row
from metered.agent.walk import Oid, Value
from tests.agent import reference

arcs = st.integers(0, 2**32 - 1)
oids = st.builds(
    lambda root, second, rest: (root, second, *rest),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(arcs, max_size=20),
)


@given(oids)
def test_object_identifiers_there_and_back(oid: Oid) -> None:
    octets = ber.oid_octets(oid)
    assert reference.oid(oid) == ber.wrapped(ber.OBJECT_ID, octets)
    assert ber.oid_numbers(octets) == oid == reference.oid_of(octets)


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_as_short_as_they_can_be(number: int) -> None:
    written = reference.integer(number)
    assert ber.value(ber.INTEGER, reference.first(written).content) == number
    if number >= 0:
        assert ber.integer(number) == written


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_of_any_size(size: int) -> None:
    wrapped = ber.wrapped(4, bytes(size))
    assert ber.element(wrapped, 0, len(wrapped)) == (4, len(wrapped) - size, len(wrapped))
    assert wrapped == reference.encode(4, bytes(size))


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("", "without an end"),
        ("2b86", "without an end"),
        ("2b8fffffff80", "without an end"),
        ("2b9fffffff7f", "above 32 bits"),
        ("2b" + "01" * 127, "more than 128"),
    ],
)
def test_what_is_no_object_identifier(octets: str, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        ber.oid_numbers(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("tag", "octets", "expected"),
    [
        (0x02, "ff", -1),
        (0x02, "0000000000000005", 5),
        (0x41, "00ffffffff", 2**32 - 1),
        (0x41, "ffffffff", 2**32 - 1),  # the leading zero left out, as many devices do
        (0x42, "7f", 127),
        (0x46, "7fffffffffffffff", 2**63 - 1),
        (0x46, "007fffffffffffffff", 2**63 - 1),
        (0x04, "", b""),
        (0x04, "ff00", b"\xff\x00"),
        (0x06, "00", (0, 0)),
        (0x40, "0a010416", b"\x0a\x01\x04\x16"),
        # nothing that these could be is certain
        (0x02, "", None),
        (0x02, "000000000000000005", None),
        (0x41, "", None),
        (0x41, "fe", None),  # -2: a counter has no negative numbers, and 254 was not said
        (0x41, "01ffffffff", None),
        (0x42, "ffff", None),
        (0x46, "ffffffffffffffff", None),  # larger than a report takes
        (0x46, "00ffffffffffffffff", None),
        (0x40, "0a0104", None),
        (0x44, "9f780442f60000", None),
        (0x05, "", None),
        (0x1F, "00", None),
    ],
)
def test_values(tag: int, octets: str, expected: object) -> None:
    if expected is None:
        with pytest.raises(Malformed):
            ber.value(tag, bytes.fromhex(octets))
    else:
        assert ber.value(tag, bytes.fromhex(octets)) == expected


NAMES = ((1, 3, 6, 1, 2, 1, 1, 1, 0), (1, 3, 6, 1, 2, 1, 43, 11, 1, 1, 9))


@pytest.mark.parametrize("number", [pytest.param(0, id="1"), pytest.param(1, id="2c")])
def test_a_request_is_what_the_reference_reads(number: int) -> None:
    octets = tuple(map(ber.oid_octets, NAMES))
    for asked in (Pdu(pdu.GET, octets), Pdu(pdu.GETNEXT, octets[:1]), Pdu(pdu.GETBULK, octets * 20, 1, 30)):
        ask = PlainAsk(number, "privé".encode(), asked)
        read = reference.message(ask.datagram)
        assert (read.version, read.community, read.kind) == (number, "privé".encode(), asked.kind)
        assert (read.error, read.index) == (asked.non_repeaters, asked.repetitions)
        assert read.request_id == ask.request_id
        assert [name for name, _, _ in read.binds] == [reference.oid_of(name) for name in asked.names]
        assert {(tag, raw) for _, tag, raw in read.binds} == {(5, b"")}


def test_request_ids_are_not_to_be_guessed() -> None:
    ids = [PlainAsk(1, b"public", Pdu(pdu.GET, ())).request_id for _ in range(200)]
    assert len(set(ids)) == 200
    assert max(ids) - min(ids) > 2**28
    assert len({second - first for first, second in pairwise(ids)}) == 199


def test_rows_with_long_lengths_are_rows() -> None:
    ask = PlainAsk(1, b"public", Pdu(pdu.GET, ()))
    long = reference.encode(0x30, bytes.fromhex("0681062b0601020101"), bytes.fromhex("048180") + bytes(128))
    short = reference.encode(0x30, reference.oid(NAMES[0]), b"\x02\x01\x05")
    answer = ask.accept(_response(ask.request_id, [long, short]))
    assert _said(answer) == [
        (bytes.fromhex("2b0601020101"), (1, 3, 6, 1, 2, 1, 1), bytes(128), True),
        (ber.oid_octets(NAMES[0]), NAMES[0], 5, True),
    ]


def _said(answer: Answer | None) -> list[tuple[bytes, Oid | None, Value | None, bool]]:
    """Of each row the octets of its name, its OID, its value, and whether it could be read."""
    assert answer is not None
    return [
        (name.octets, name.oid, value, name.readable)
        for name, value in zip(answer.names, answer.values, strict=True)
    ]


def _response(request_id: int, binds: list[bytes], version: int = 1, kind: int = pdu.RESPONSE) -> bytes:
    answer = reference.encode(
        kind,
        reference.integer(request_id),
        reference.integer(0),
        reference.integer(0),
        reference.encode(0x30, *binds),
    )
    return reference.encode(0x30, reference.integer(version), reference.encode(0x04, b"public"), answer)


def test_only_a_response_of_the_same_version_with_the_same_id_is_an_answer() -> None:
    ask = PlainAsk(1, b"public", Pdu(pdu.GET, ()))
    good = _response(ask.request_id, [])
    assert ask.accept(good) == (0, 0, (), ())
    assert ask.accept(good + b"padding") == (0, 0, (), ())
    assert ask.accept(_response(ask.request_id + 1, [])) is None
    assert ask.accept(_response(ask.request_id, [], version=0)) is None
    assert ask.accept(_response(ask.request_id, [], kind=pdu.GET)) is None
    for cut in range(1, len(good)):
        with pytest.raises(Malformed):
            ask.accept(good[:cut])


def test_secrets_stand_in_no_text() -> None:
    user = User("reader", "sha256", "the password", "aes128", "the other one")
    for words in (repr(Community("hush-hush")), str(Community("hush-hush")), repr(user), str(user)):
        assert "hush" not in words
        assert "password" not in words.replace("auth_password", "").replace("privacy_password", "")
        assert "other" not in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("", None, None), "1 to 32 octets"),
        (("x" * 33, None, None), "1 to 32 octets"),
        (("x", "sha3", "a password"), "no authentication called 'sha3'"),
        (("x", "sha1", "short"), "needs 8 octets"),
        (("x", "sha1", None), "needs 8 octets"),
        (("x", None, None, "aes128", "a password"), "privacy needs authentication"),
        (("x", "sha1", "a password", "rot13", "a password"), "no privacy called 'rot13'"),
        (("x", "sha1", "a password", "aes128", "short"), "privacy password needs 8"),
        (("x", None, None, None, None, ()), "one is needed"),
    ],
)
def test_credentials_that_no_device_could_know(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(CredentialsError, match=words):
        User(*arguments)  # type: ignore[arg-type]


def test_communities_that_are_none() -> None:
    with pytest.raises(CredentialsError, match="empty"):
        Community("")
    with pytest.raises(CredentialsError, match="version 1 or 2c"):
        Community("public", "3")  # type: ignore[arg-type]


# Which columns are asked together


def _reading(*tables: tuple[int, int], first: Sequence[Oid] = ()) -> Reading:
    """(columns, rows) of each table, and columns of which the first row is wanted."""
    columns = [
        Column((1, 3, 6, 1, table, column), rows)
        for table, (number, rows) in enumerate(tables)
        for column in range(number)
    ]
    return Reading(Plan([*columns, *(Column(prefix, first=True) for prefix in first)]))


def _bind(row: Oid, value: int | None = 1, readable: bool = True) -> Row:
    return Name(ber.oid_octets(row), row, valued=value is not None, readable=readable), value


def _end(octets: bytes, *, readable: bool) -> Row:
    """No row: the end of the MIB, or a name that is none."""
    return Name(octets, None, valued=False, readable=readable), None


def _taken(reading: Reading, part: Portion, binds: Sequence[Row], rows: dict[Oid, Value]) -> tuple[bool, int]:
    added = taken(reading, part, [name for name, _ in binds])
    for row, place in added.rows:
        value = binds[place][1]
        assert value is not None
        rows[row] = value
    return added.further, added.unreadable


def _part(reading: Reading, manner: Manner = LADDER[0]) -> Portion:
    part = portion(reading, manner)
    assert part is not None
    return part


def test_no_request_asks_for_more_than_its_manner_allows() -> None:
    reading = _reading((7, 5), (3, 4), (1, 4), (12, 1), first=[(1, 3, 7)])
    for manner in LADDER:
        part = _part(reading, manner)
        values = part.singles + (len(part.places) - part.singles) * max(part.repetitions, 1)
        assert 1 <= values <= manner.values
        assert (part.request(reading).kind == pdu.GETBULK) == manner.bulk


def test_columns_that_were_passed_are_not_asked_again_and_open_ones_from_their_last_row() -> None:
    reading = _reading((2, 3))
    rows: dict[Oid, Value] = {}
    first, second = ((*prefix, 1) for prefix in reading.plan.prefixes)
    binds = [_bind(first, 5), _bind(second, 6), _bind((1, 3, 9), 7)]
    assert _taken(reading, _part(reading), binds, rows) == (True, 0)
    assert rows == {first: 5, second: 6}
    assert reading.tables == [1]
    assert _part(reading).request(reading).names == (ber.oid_octets(second),)
    end_of_mib = _end(ber.oid_octets(second), readable=True)
    assert _taken(reading, _part(reading), [end_of_mib], rows) == (True, 0)
    assert portion(reading, LADDER[0]) is None, "the end of the MIB is the end of the column"
    assert portion(reading, LADDER[-1]) is None
    assert (reading.unfinished, reading.rows) == (0, [1, 1])


@pytest.mark.parametrize(
    ("rows_in", "kept"),
    [
        ([(1,), (2,), (2,)], [(1,), (2,)]),
        ([(2,), (1,)], [(2,)]),
        ([(1, 5), (1,)], [(1, 5)]),
        ([()], []),
    ],
)
def test_rows_that_do_not_increase_end_their_column(rows_in: list[Oid], kept: list[Oid]) -> None:
    reading = _reading((1, 5))
    (prefix,) = reading.plan.prefixes
    rows: dict[Oid, Value] = {}
    binds = [_bind((*prefix, *row)) for row in rows_in]
    _taken(reading, Portion([0], 0, len(binds)), binds, rows)
    assert sorted(rows) == sorted((*prefix, *row) for row in kept)
    assert (reading.open(), reading.unfinished) == (0, 1)


def test_a_value_that_makes_no_sense_is_counted_and_left_out() -> None:
    reading = _reading((1, 5))
    (prefix,) = reading.plan.prefixes
    rows: dict[Oid, Value] = {}
    binds = [_bind((*prefix, 1), None, readable=False), _bind((*prefix, 2), None)]
    assert _taken(reading, Portion([0], 0, 2), binds, rows) == (True, 1)
    assert rows == {}
    assert reading.open() == 1


def test_a_name_below_the_column_that_is_no_identifier_ends_it_unfinished() -> None:
    reading = _reading((1, 5))
    nameless = _end(reading.plan.octets[0] + b"\x81", readable=False)
    _taken(reading, Portion([0], 0, 1), [nameless], {})
    assert (reading.open(), reading.unfinished) == (0, 1)


def test_a_column_of_which_the_first_row_is_wanted_is_over_with_it() -> None:
    reading = _reading((2, 1), first=[(1, 3, 6, 1)])
    part = _part(reading)
    assert (part.singles, part.request(reading).non_repeaters) == (1, 1)
    assert _taken(reading, part, [_bind((1, 3, 6, 1, 4))], {}) == (True, 0)
    assert (reading.singles, reading.tables, reading.unfinished) == ([], [0, 1], 0)


def test_a_short_row_written_with_long_lengths_is_a_row() -> None:
    ask = PlainAsk(1, b"public", Pdu(pdu.GET, ()))
    long = reference.encode(0x30, bytes.fromhex("0681062b0601020101"), bytes.fromhex("02820001 05"))
    answer = ask.accept(_response(ask.request_id, [long]))
    assert _said(answer) == [(bytes.fromhex("2b0601020101"), (1, 3, 6, 1, 2, 1, 1), 5, True)]
