"""The rows of a response (RFC 3416's variable bindings): names and values.

Thousands of printers answer the same few hundred names, and mostly the same values: what was read once is
remembered by its octets, as far as it fits.
"""

from metered.agent.snmp.ber import (
    END_OF_MIB_VIEW,
    NO_VALUE,
    OBJECT_ID,
    SEQUENCE,
    Malformed,
    content,
    element,
    oid_numbers,
    value,
)
from metered.agent.walk import Oid, Value

MOST_KNOWN = 16_384


class Name:
    """The name of a row, and what stands beside it: one object for all rows that have both in common (while
    they are remembered), so that the names of whole answers are compared quickly.

    `octets` of the name. `oid`: None for what is no row: the end of the MIB if it is `readable`, a name that
    is none otherwise. `valued`: there is a value; without one, either it has none (`readable`) or none that
    makes sense.
    """

    __slots__ = ("octets", "oid", "readable", "valued")

    def __init__(self, octets: bytes, oid: Oid | None, *, valued: bool, readable: bool) -> None:
        self.octets, self.oid, self.valued, self.readable = octets, oid, valued, readable


Row = tuple[Name, Value | None]
"""A name, and its value; None for none."""


class _Named:
    """A name by what may stand beside it. `latest`: the octets of the last row that had it."""

    __slots__ = ("end", "latest", "unreadable", "valued", "without")

    def __init__(self, octets: bytes) -> None:
        self.latest = b""
        self.end = Name(octets, None, valued=False, readable=True)
        try:
            oid = oid_numbers(octets)
        except Malformed:
            none = Name(octets, None, valued=False, readable=False)
            self.valued = self.without = self.unreadable = none
        else:
            self.valued = Name(octets, oid, valued=True, readable=True)
            self.without = Name(octets, oid, valued=False, readable=True)
            self.unreadable = Name(octets, oid, valued=False, readable=False)


# When one is full it begins anew: that costs less than to keep account of what was met last.
_names: dict[bytes, _Named] = {}
_rows: dict[bytes, Row] = {}


def read(data: bytes, at: int, end: int) -> list[Row]:
    """The rows between `at` and `end`. Raises Malformed. This loop is where an answer's time goes."""
    rows: list[Row] = []
    known = _rows
    try:
        while at < end:
            stop = at + 2 + data[at + 1]
            octets = data[at:stop]
            row = known.get(octets)
            if row is None:
                if data[at + 1] >= 0x80:
                    _, stop = content(data, at, end, SEQUENCE)
                    row = _general(data, at, stop)
                elif stop <= end:
                    row = _short(octets)
                else:
                    break
            rows.append(row)
            at = stop
    except IndexError:
        raise Malformed("it stops within a row") from None
    if at != end:
        raise Malformed("a row longer than what it is in")
    return rows


def _short(octets: bytes) -> Row:
    """A row whose length has one octet, as nearly all have.

    It is remembered when it comes twice without another of its name between: what is each printer's own, as
    its counts are, would only push out what is the same in all.
    """
    name_stop = 4 + octets[3]
    # in long forms these sums come out wrong
    if octets[0] != SEQUENCE or octets[2] != OBJECT_ID or name_stop + 2 > len(octets):
        return _general(octets, 0, len(octets))
    if name_stop + 2 + octets[name_stop + 1] != len(octets):
        return _general(octets, 0, len(octets))
    named = _named(octets[4:name_stop])
    row = _row(named, octets[name_stop], octets[name_stop + 2 :])
    if named.latest == octets:
        if len(_rows) >= MOST_KNOWN:
            _rows.clear()
        _rows[octets] = row
    named.latest = octets
    return row


def _general(data: bytes, at: int, end: int) -> Row:
    at, stop = content(data, at, end, SEQUENCE)
    name, name_stop = content(data, at, stop, OBJECT_ID)
    tag, start, value_stop = element(data, name_stop, stop)
    if value_stop != stop or stop != end:
        raise Malformed("a row with more than a name and a value")
    return _row(_named(data[name:name_stop]), tag, data[start:stop])


def _named(octets: bytes) -> _Named:
    known = _names.get(octets)
    if known is None:
        if len(_names) >= MOST_KNOWN:
            _names.clear()
            _rows.clear()  # their names would be others than those that are read from now on
        known = _names[octets] = _Named(octets)
    return known


def _row(named: _Named, tag: int, raw: bytes) -> Row:
    if tag == END_OF_MIB_VIEW:
        return named.end, None
    if tag in NO_VALUE:
        return named.without, None
    if named.valued.oid is None:
        return named.unreadable, None
    try:
        return named.valued, value(tag, raw)
    except Malformed:
        return named.unreadable, None
