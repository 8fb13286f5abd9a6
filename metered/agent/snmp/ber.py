"""The encoding of SNMP messages: the part of BER (ITU-T X.690) that RFC 3417 section 8 leaves.

Lengths are definite, tags one octet. Decoding is strict about what lies in what (nothing is read past the end
of its parent) and lenient about lengths and integers written longer than needed, as some devices write them.
"""

from functools import lru_cache

from metered.agent.walk import LARGEST, Oid, Value

INTEGER, OCTETS, NULL, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TIME_TICKS, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82

NO_VALUE = frozenset({NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW})

MOST_ARCS = 128  # RFC 2578 section 3.5
LARGEST_ARC = 2**32 - 1


class Malformed(ValueError):
    """Not what BER or SNMP allows: such a message, or such a value, counts as not answered."""


def length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def wrapped(tag: int, content: bytes) -> bytes:
    """Tag, length and content."""
    return bytes((tag,)) + length(len(content)) + content


def integer(number: int) -> bytes:
    """An INTEGER that is not negative, in as few octets as two's complement needs."""
    return wrapped(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


@lru_cache(maxsize=16_384)
def oid_octets(oid: Oid) -> bytes:
    """The content of an OBJECT IDENTIFIER of at least two numbers, without tag and length."""
    octets = bytearray()
    for arc in (oid[0] * 40 + oid[1], *oid[2:]):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(septets))
    return bytes(octets)


@lru_cache(maxsize=16_384)
def oid_numbers(octets: bytes) -> Oid:
    """The reverse of `oid_octets`. Raises Malformed.

    Thousands of printers answer the same few hundred rows: remembering them is most of the decoder's speed.
    """
    if not octets or octets[-1] & 0x80:
        raise Malformed("an object identifier without an end")
    arcs: list[int] = []
    arc = 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if arc > LARGEST_ARC:
            raise Malformed("a number in an object identifier above 32 bits")
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    if len(arcs) >= MOST_ARCS:
        raise Malformed("an object identifier of more than 128 numbers")
    root = min(arcs[0] // 40, 2)
    return (root, arcs[0] - root * 40, *arcs[1:])


def element(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """The element at `at`: its tag, and where its content starts and stops (at most `end`). Raises
    Malformed."""
    if at + 2 > end:
        raise Malformed("it stops before a length")
    tag, size = data[at], data[at + 1]
    start = at + 2
    if size >= 0x80:
        octets = size & 0x7F
        # no datagram needs more than three octets for a length; indefinite lengths (0x80) are not allowed
        if not 1 <= octets <= 4 or start + octets > end:
            raise Malformed("a length that is none")
        size = int.from_bytes(data[start : start + octets], "big")
        start += octets
    stop = start + size
    if stop > end:
        raise Malformed("an element longer than what it is in")
    return tag, start, stop


def content(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Where the content of the element at `at`, which must have this tag, starts and stops. Raises
    Malformed."""
    found, start, stop = element(data, at, end)
    if found != tag:
        raise Malformed(f"tag {found:#04x} where {tag:#04x} belongs")
    return start, stop


def number(data: bytes, at: int, end: int) -> tuple[int, int]:
    """The INTEGER at `at` (32 bits) and where it stops. Raises Malformed."""
    start, stop = content(data, at, end, INTEGER)
    if not 1 <= stop - start <= 5:
        raise Malformed("an integer of a size that no header has")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def octets(data: bytes, at: int, end: int) -> tuple[bytes, int]:
    """The OCTET STRING at `at` and where it stops. Raises Malformed."""
    start, stop = content(data, at, end, OCTETS)
    return data[start:stop], stop


def value(tag: int, raw: bytes) -> Value:
    """A row's value. Raises Malformed for a type that no row of ours has and for a number that is none.

    Unsigned types: RFC 2578 wants a leading zero octet before a high bit. Many devices leave it out where
    all four octets are used, which can mean nothing else; a shorter one with a high bit is a negative number
    that the type has not, and is not taken for a large one.
    """
    if tag == OCTETS:
        return raw
    if tag == INTEGER:
        if not 1 <= len(raw) <= 8:
            raise Malformed("an integer of no octets or of more than eight")
        return int.from_bytes(raw, "big", signed=True)
    if tag in (COUNTER32, GAUGE32, TIME_TICKS):
        if (1 <= len(raw) <= 4 and (len(raw) == 4 or raw[0] < 0x80)) or (len(raw) == 5 and raw[0] == 0):
            return int.from_bytes(raw, "big")
        raise Malformed("a counter that is negative or larger than 32 bits")
    if tag == OBJECT_ID:
        return oid_numbers(raw)
    if tag == COUNTER64:
        count = int.from_bytes(raw, "big", signed=True)
        if 1 <= len(raw) <= 9 and 0 <= count <= LARGEST:
            return count
        raise Malformed("a counter that is negative or larger than a report takes")
    if tag == IP_ADDRESS and len(raw) == 4:
        return raw
    raise Malformed(f"a value of type {tag:#04x}")
