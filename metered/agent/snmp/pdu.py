"""Protocol data units (RFC 3416 section 3; RFC 1157 for version 1)."""

import secrets
from functools import lru_cache
from typing import NamedTuple

from metered.agent.snmp.ber import (
    NULL,
    OBJECT_ID,
    SEQUENCE,
    Malformed,
    content,
    element,
    integer,
    number,
    wrapped,
)

GET, GETNEXT, RESPONSE, GETBULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8

NO_ERROR, TOO_BIG, NO_SUCH_NAME = 0, 1, 2

SMALLEST_ID = 0x0100_0000
"""Ids from here to 2³¹ have four octets: a request is encoded once, and another id is written over."""

Bind = tuple[bytes, int, bytes]
"""A row as it came: the octets of its OID, the tag of its value, the octets of its value."""


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
    """Of a request or a message; not to be guessed by somebody who would like to answer in a device's
    place."""
    return SMALLEST_ID + secrets.randbits(30)


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
    tag, at, end = element(data, at, end)
    if tag != kind:
        return None
    told, at = number(data, at, end)
    if told != request_id and kind == RESPONSE:
        return None
    error, at = number(data, at, end)
    index, at = number(data, at, end)
    start, stop = content(data, at, end, SEQUENCE)
    return Answer(error, index, _binds(data, start, stop))


def _binds(data: bytes, at: int, end: int) -> list[Bind]:
    """The variable bindings, short forms inline: this loop is where an answer's time goes."""
    binds: list[Bind] = []
    while at < end:
        try:
            size, name_size = data[at + 1], data[at + 3]
            if data[at] == SEQUENCE and data[at + 2] == OBJECT_ID and size < 0x80 and name_size < 0x80:
                name = at + 4
                at += 2 + size
                tag_at = name + name_size
                start = tag_at + 2
                # a long form of the value's length does not fit this equation, as size is below 128
                if start + data[tag_at + 1] == at <= end:
                    binds.append((data[name:tag_at], data[tag_at], data[start:at]))
                    continue
                at -= 2 + size
        except IndexError:
            raise Malformed("it stops within a row") from None
        at = _long_bind(data, at, end, binds)
    return binds


def _long_bind(data: bytes, at: int, end: int, binds: list[Bind]) -> int:
    at, stop = content(data, at, end, SEQUENCE)
    name, name_stop = content(data, at, stop, OBJECT_ID)
    tag, start, value_stop = element(data, name_stop, stop)
    if value_stop != stop:
        raise Malformed("a row with more than a name and a value")
    binds.append((data[name:name_stop], tag, data[start:stop]))
    return stop
