"""What goes into the spool and what comes out of it."""

import datetime as dt
from dataclasses import dataclass

from metered.agent.schedule import Past


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes on the disk, and how long what is not delivered is kept."""

    most_bytes: int = 1_000_000_000
    levels_for: dt.timedelta = dt.timedelta(days=30)
    meters_for: dt.timedelta = dt.timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Reading:
    """One report, as JSON; `meters` and `levels`: whether it holds any."""

    serial: str | None
    host: str
    observed_at: dt.datetime
    meters: bool
    levels: bool
    body: bytes


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of asking one printer: who it is when it answered, else why not."""

    host: str
    port: int
    at: dt.datetime
    meters: bool
    serial: str | None = None
    model: str | None = None
    vendor: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Printer:
    """`serial`: None before it told one. `error`: why the last attempt failed, None when it did not."""

    host: str
    port: int
    serial: str | None
    model: str | None
    vendor: str | None
    found_at: dt.datetime
    past: Past
    error: str | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A formed batch: the same bytes however often taken. `ids`: its readings, in the order of `reports`."""

    sequence: int
    ids: tuple[int, ...]
    body: bytes

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Settled:
    """What an answer did: readings the portal took, those set aside, and how many come again."""

    taken: int
    refused: tuple[tuple[str | None, str], ...]
    again: int


@dataclass(frozen=True, slots=True)
class Aside:
    """Readings of one printer that were refused for one reason."""

    serial: str | None
    host: str
    reason: str
    detail: str
    count: int
    last_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Warned:
    serial: str
    reason: str
    detail: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class State:
    """What `status` shows. `silent`: printers that did not answer the last time. `size`: bytes in use.
    `dropped_*`: readings that lost their levels or were lost whole."""

    printers: int
    silent: int
    waiting: int
    oldest: dt.datetime | None
    size: int
    dropped_levels: int
    dropped_meters: int
    dropped_at: dt.datetime | None


def seconds(moment: dt.datetime) -> int:
    return int(moment.timestamp())


def moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def maybe(seconds: int | None) -> dt.datetime | None:
    return None if seconds is None else moment(seconds)
