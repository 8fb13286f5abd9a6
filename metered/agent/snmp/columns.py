"""Which columns are asked together, how far each was read, and what an answer adds.

A table of n columns is asked as n columns at once, so that it needs few requests; columns that are through
make room for others. How much is asked at once is a step of the LADDER, which only goes down while a device
does not manage what it is asked.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from metered.agent.snmp import ber, pdu
from metered.agent.snmp.pdu import Bind, Pdu
from metered.agent.walk import Oid, Value

MOST_ROWS = 2_000
"""A column longer than this is no printer's; it ends with that answer and counts as not read in full."""


class Manner(NamedTuple):
    """How a device is asked: by GETBULK or GETNEXT, and for at most how many values at once."""

    bulk: bool
    values: int


# 56 values of a Printer-MIB are about 1,400 octets: one Ethernet frame
LADDER = (
    Manner(True, 56),
    Manner(True, 28),
    Manner(True, 14),
    Manner(True, 7),
    Manner(False, 14),
    Manner(False, 7),
    Manner(False, 3),
    Manner(False, 1),
)
FIRST_WITHOUT_BULK = next(step for step, manner in enumerate(LADDER) if not manner.bulk)


class Column:
    """A column that is being read. `expected`: rows it probably has; `first`: only its first row is wanted.

    `open` until it is through; then `whole` says whether it was read to its end.
    """

    __slots__ = ("expected", "first", "last", "name", "octets", "open", "prefix", "rows", "whole")

    def __init__(
        self, prefix: Oid, expected: int = 1, first: bool = False, octets: bytes | None = None
    ) -> None:
        self.prefix = self.last = prefix
        self.expected, self.first = expected, first
        self.octets = self.name = octets or ber.oid_octets(prefix)
        self.rows = 0
        self.open, self.whole = True, False

    def close(self, *, whole: bool) -> None:
        self.open, self.whole = False, whole


class Portion(NamedTuple):
    """One request's columns: the first `singles` of them are answered once."""

    columns: list[Column]
    singles: int
    repetitions: int

    def request(self) -> Pdu:
        names = tuple([column.name for column in self.columns])
        if self.repetitions:
            return Pdu(pdu.GETBULK, names, self.singles, self.repetitions)
        return Pdu(pdu.GETNEXT, names)


def portion(columns: Iterable[Column], manner: Manner) -> Portion | None:
    """The next request for what is open of `columns`, within the manner's number of values; None for nothing.

    Columns that are probably deep should stand in front, and narrow tables before wide ones.
    """
    left = [column for column in columns if column.open]
    if not left:
        return None
    if not manner.bulk:
        return Portion(left[: manner.values], 0, 0)
    singles = [column for column in left if column.first][: manner.values]
    tables = [column for column in left if not column.first] if singles else left
    room = manner.values - len(singles)
    if not tables or not room:
        return Portion(singles, len(singles), 1)
    # what is left of each, and one row that shows its end
    needs = [
        column.expected - column.rows + 1 if column.rows <= column.expected else max(2, column.rows // 2)
        for column in tables
    ]
    most = max(needs)
    each = room // len(tables)
    if each * 2 >= most:
        # all that is left in one answer, if a little less deep than hoped
        return Portion(singles + tables, len(singles), min(each, most))
    # the deepest, and what is next deep as far as it fits
    order = sorted(range(len(tables)), key=needs.__getitem__, reverse=True)
    repetitions = min(most, max(room // needs.count(most), 1))
    chosen = [tables[place] for place in order[: room // repetitions]]
    return Portion(singles + chosen, len(singles), repetitions)


def taken(asked: Portion, binds: Sequence[Bind], rows: dict[Oid, Value]) -> tuple[bool, int]:
    """Puts an answer's rows into `rows` and moves the columns on.

    True when some column came further; and how many rows could not be read. Only what lies below a column
    that was asked is taken, and only while it increases: a device that goes round in circles is left.
    """
    further, unreadable = False, 0
    singles, width = asked.singles, len(asked.columns) - asked.singles
    for place, column in enumerate(asked.columns):
        if place < singles:
            own = binds[place : place + 1]
        else:
            own = binds[place::width]
        if not column.open or len(own) == 0:
            continue
        further = True
        octets, last, name = column.octets, column.last, column.name
        count = 0
        for told, row, value, readable in own:
            if row is None or not told.startswith(octets):
                column.close(whole=readable or not told.startswith(octets))
                break
            if row <= last:
                column.close(whole=False)
                break
            last, name = row, told
            count += 1
            if value is not None:
                rows[row] = value
            elif not readable:
                unreadable += 1
        else:
            if column.first or column.rows + count > MOST_ROWS:
                column.close(whole=column.first)
        column.last, column.name = last, name
        column.rows += count
    return further, unreadable
