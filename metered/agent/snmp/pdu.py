"""Protocol data units (RFC 3416 section 3; RFC 1157 for version 1)."""

import os
import random
from functools import lru_cache
from typing import NamedTuple

from metered.agent.snmp.ber import (
    END_OF_MIB_VIEW,
    NO_VALUE,
    NULL,
    OBJECT_ID,
    OCTETS,
    SEQUENCE,
    Malformed,
    content,
    element,
    integer,
    number,
    oid_numbers,
    value,
    wrapped,
)
from metered.agent.walk import Oid, Value

GET, GETNEXT, RESPONSE, GETBULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8

NO_ERROR, TOO_BIG, NO_SUCH_NAME = 0, 1, 2
_NO_ERROR = b"\x02\x01\x00" * 2

# whoever sees the ids that are drawn from it can read the answers too, and needs not guess
_chance = random.Random(os.urandom(64))  # noqa: S311

SMALLEST_ID = 0x0100_0000
"""Ids from here to 2³¹ have four octets: a request is encoded once, and another id is written over."""

Bind = tuple[bytes, Oid | None, Value | None, bool]
"""A row: the octets of its name; its OID; its value, None for none; and whether all of it could be read.

Without an OID it is no row: the end of the MIB if it could be read, a name that is none otherwise.
"""


class Pdu(NamedTuple):
    """What is asked. `names`: octets of OIDs (ber.oid_octets). For GETBULK the first `non_repeaters` of them
    are answered once, the others up to `repetitions` times."""

    kind: int
    names: tuple[bytes, ...]
    non_repeaters: int = 0
    repetitions: int = 0


class Answer(NamedTuple):
    """`at`: which name `error` is about, counted from 1; 0 for none or all."""

    error: int
    at: int
    binds: list[Bind]


def new_id() -> int:
    """Of a request or a message; not to be guessed by somebody who answers in a device's place unseen."""
    return SMALLEST_ID + _chance.getrandbits(30)


@lru_cache(maxsize=2048)
def tail(pdu: Pdu) -> bytes:
    """The PDU's content after its request id."""
    names = b"".join(wrapped(SEQUENCE, wrapped(OBJECT_ID, name) + bytes((NULL, 0))) for name in pdu.names)
    return integer(pdu.non_repeaters) + integer(pdu.repetitions) + wrapped(SEQUENCE, names)


def encoded(pdu: Pdu, request_id: int) -> bytes:
    return wrapped(pdu.kind, integer(request_id) + tail(pdu))


def decoded(data: bytes, at: int, end: int, request_id: int, kind: int = RESPONSE) -> Answer | None:
    """The PDU of this kind at `at`; None for one of another kind or with another request id.

    Raises Malformed. `kind` REPORT is for version 3, whose reports may have no request id of ours.
    """
    tag, at, stop = element(data, at, end)
    if tag != kind:
        return None
    if stop != end:
        raise Malformed("a message with more than its parts")
    told, at = number(data, at, end)
    if told != request_id and kind == RESPONSE:
        return None
    if data[at : at + 6] == _NO_ERROR and at + 6 <= end:
        error = index = NO_ERROR
        at += 6
    else:
        error, at = number(data, at, end)
        index, at = number(data, at, end)
    start, stop = content(data, at, end, SEQUENCE)
    if stop != end:
        raise Malformed("a message with more than its parts")
    return Answer(error, index, _binds(data, start, stop))


def _binds(data: bytes, at: int, end: int) -> list[Bind]:
    """The variable bindings. This loop and `_bind` are where an answer's time goes."""
    binds: list[Bind] = []
    try:
        while at < end:
            size = data[at + 1]
            if size < 0x80:
                stop = at + 2 + size
                if stop > end:
                    raise Malformed("a row longer than what it is in")
                binds.append(_bind(data[at:stop]))
            else:
                _, stop = content(data, at, end, SEQUENCE)
                binds.append(_read(data, at, stop))
            at = stop
    except IndexError:
        raise Malformed("it stops within a row") from None
    return binds


@lru_cache(maxsize=16_384)
def _bind(row: bytes) -> Bind:
    """Most rows of most printers are those of others, or those of an hour ago: they are read once."""
    name_stop = 4 + row[3]
    # in long forms these sums come out wrong
    if row[0] != SEQUENCE or row[2] != OBJECT_ID or name_stop + 2 > len(row):
        return _read(row, 0, len(row))
    if name_stop + 2 + row[name_stop + 1] != len(row):
        return _read(row, 0, len(row))
    return _row(row[4:name_stop], row[name_stop], row[name_stop + 2 :])


def _read(data: bytes, at: int, end: int) -> Bind:
    at, stop = content(data, at, end, SEQUENCE)
    name, name_stop = content(data, at, stop, OBJECT_ID)
    tag, start, value_stop = element(data, name_stop, stop)
    if value_stop != stop or stop != end:
        raise Malformed("a row with more than a name and a value")
    return _row(data[name:name_stop], tag, data[start:stop])


def _row(octets: bytes, tag: int, raw: bytes) -> Bind:
    if tag == END_OF_MIB_VIEW:
        return octets, None, None, True
    try:
        oid = oid_numbers(octets)
    except Malformed:
        return octets, None, None, False
    if tag == OCTETS:
        return octets, oid, raw, True
    if tag in NO_VALUE:
        return octets, oid, None, True
    try:
        return octets, oid, value(tag, raw), True
    except Malformed:
        return octets, oid, None, False
