"""SNMP once more, written for being plainly right: what the tests' printers speak and what answers are
judged by.

It shares no code with metered/agent/snmp, except the ciphers and keys of version 3, which are held to the
vectors of the RFCs and to Debian's snmpd.
"""

from __future__ import annotations

from dataclasses import dataclass

Oid = tuple[int, ...]

SEQUENCE, INTEGER, OCTETS, NULL, OBJECT = 0x30, 0x02, 0x04, 0x05, 0x06
CONSTRUCTED = {SEQUENCE, *range(0xA0, 0xA9)}


class NotBerError(ValueError):
    """Not decodable."""


@dataclass(frozen=True)
class Element:
    """`content` of a primitive, `parts` of a constructed one; `start` and `stop` of the content in the
    datagram."""

    tag: int
    content: bytes
    start: int
    stop: int

    @property
    def parts(self) -> list[Element]:
        if self.tag not in CONSTRUCTED:
            raise NotBerError("a primitive has no parts")
        return elements(self.content, self.start)

    def number(self) -> int:
        if self.tag != INTEGER or not self.content:
            raise NotBerError("no integer")
        return int.from_bytes(self.content, "big", signed=True)

    def oid(self) -> Oid:
        if self.tag != OBJECT:
            raise NotBerError("no object identifier")
        return oid_of(self.content)


def elements(data: bytes, offset: int = 0) -> list[Element]:
    """All elements of `data`, one after the other; nothing may be left over."""
    found, at = [], 0
    while at < len(data):
        element = first(data, at, offset)
        found.append(element)
        at = element.stop - offset
    return found


def first(data: bytes, at: int = 0, offset: int = 0) -> Element:
    if len(data) - at < 2:
        raise NotBerError("too short")
    tag, size, start = data[at], data[at + 1], at + 2
    if size >= 128:
        count = size - 128
        if not 1 <= count <= 4 or len(data) - start < count:
            raise NotBerError("no length")
        size, start = int.from_bytes(data[start : start + count], "big"), start + count
    if len(data) - start < size:
        raise NotBerError("longer than its parent")
    return Element(tag, data[start : start + size], start + offset, start + size + offset)


def oid_of(content: bytes) -> Oid:
    numbers, number, ended = [], 0, True
    for octet in content:
        number, ended = number * 128 + octet % 128, octet < 128
        if ended:
            numbers.append(number)
            number = 0
    if not ended or not numbers or max(numbers) >= 2**32 or len(numbers) > 127:
        raise NotBerError("no object identifier")
    root = min(numbers[0] // 40, 2)
    return (root, numbers[0] - 40 * root, *numbers[1:])


def encode(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes(2 if len(content) < 65536 else 3, "big").lstrip(b"\x00")
    return bytes([tag, 128 + len(size)]) + size + content


def integer(number: int, tag: int = INTEGER) -> bytes:
    size = 1
    while not -(2 ** (8 * size - 1)) <= number < 2 ** (8 * size - 1):
        size += 1
    return encode(tag, number.to_bytes(size, "big", signed=True))


def oid(numbers: Oid) -> bytes:
    content = b""
    for number in (numbers[0] * 40 + numbers[1], *numbers[2:]):
        septets = bytes([number % 128])
        number //= 128
        while number:
            septets = bytes([128 + number % 128]) + septets
            number //= 128
        content += septets
    return encode(OBJECT, content)


@dataclass(frozen=True)
class Message:
    """Of version 1 or 2c. Of a request `error` and `index` are GETBULK's non-repeaters and repetitions."""

    version: int
    community: bytes
    kind: int
    request_id: int
    error: int
    index: int
    binds: list[tuple[Oid, int, bytes]]


def message(data: bytes) -> Message:
    """Raises NotBerError. What follows the message is not looked at."""
    version, community, pdu = _exactly(first(data), 3)
    if community.tag != OCTETS:
        raise NotBerError("no community")
    return pdu_of(pdu, version.number(), community.content)


def pdu_of(pdu: Element, version: int = 1, community: bytes = b"") -> Message:
    request_id, error, index, binds = _exactly(pdu, 4)
    if binds.tag != SEQUENCE:
        raise NotBerError("no rows")
    rows = []
    for bind in binds.parts:
        if bind.tag != SEQUENCE:
            raise NotBerError("no row")
        name, value = _exactly(bind, 2)
        rows.append((name.oid(), value.tag, value.content))
    return Message(version, community, pdu.tag, request_id.number(), error.number(), index.number(), rows)


def _exactly(element: Element, count: int) -> list[Element]:
    parts = element.parts
    if len(parts) < count:
        raise NotBerError("parts are missing")
    return parts[:count]
