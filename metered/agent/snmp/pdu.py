"""Protocol data units (RFC 3416 section 3; RFC 1157 for version 1)."""

import os
import random
from functools import lru_cache
from typing import NamedTuple

from metered.agent.snmp import rows
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
from metered.agent.snmp.rows import Name
from metered.agent.walk import Value

GET, GETNEXT, RESPONSE, GETBULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8

NO_ERROR, TOO_BIG, NO_SUCH_NAME = 0, 1, 2
_NO_ERROR = b"\x02\x01\x00" * 2

# whoever sees the ids that are drawn from it can read the answers too, and needs not guess
_chance = random.Random(os.urandom(64))  # noqa: S311

SMALLEST_ID = 0x0100_0000
"""Ids from here to 2³¹ have four octets: a request is encoded once, and another id is written over."""


class Pdu(NamedTuple):
    """What is asked. `names`: octets of OIDs (ber.oid_octets). For GETBULK the first `non_repeaters` of them
    are answered once, the others up to `repetitions` times."""

    kind: int
    names: tuple[bytes, ...]
    non_repeaters: int = 0
    repetitions: int = 0


class Answer(NamedTuple):
    """`at`: which name `error` is about, counted from 1; 0 for none or all. Of each row the name and the
    value, None for none."""

    error: int
    at: int
    names: tuple[Name, ...]
    values: tuple[Value | None, ...]


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
    read = rows.read(data, start, stop)
    if not read:
        return Answer(error, index, (), ())
    names, values = zip(*read, strict=True)
    return Answer(error, index, names, values)
