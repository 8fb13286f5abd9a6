"""The list of what may be asked: it is what is read, no more, and nothing of people's is on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from metered.agent import asked, oids, report
from metered.agent.asked import COLUMNS, COLUMNS_OF_ALL, SCALARS, SCALARS_OF_ALL, Asked
from metered.agent.files import recordings
from metered.agent.vendors import VENDORS
from metered.agent.walk import Oid, Value, Walk, WalkError, oid, parse
from tests.agent.devices import HERE, NOON, RECORDINGS, needs_recordings, rows, rows_of

ALL = (*SCALARS, *COLUMNS)

# asks whether a Printer-MIB row answered, whichever it was
PRESENCE = oids.printmib


class Listening(Walk):
    """A walk that remembers which rows and columns were read from it."""

    def __init__(self, walk: Walk) -> None:
        self.heard: set[str] = set()
        super().__init__(rows_of(walk))

    def get(self, name: str) -> Value | None:
        self.heard.add(name)
        return super().get(name)

    def under(self, name: str) -> Iterator[tuple[Oid, Value]]:
        self.heard.add(name)
        return super().under(name)


def _silent_device(enterprise: int) -> Walk:
    """A printer of that maker that answers next to nothing, so that every other row is tried.

    One text, since the character set is looked up for the first of them.
    """
    return rows(
        "1.3.6.1.2.1.1.1.0|4|A printer",
        f"1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.{enterprise}.1",
        "1.3.6.1.2.1.25.3.2.1.2.1|6|1.3.6.1.2.1.25.3.1.5",
    )


@pytest.mark.parametrize("enterprise", [4242, *(vendor.enterprise for vendor in VENDORS)])
def test_what_is_asked_of_a_makers_device_is_exactly_what_is_read(enterprise: int) -> None:
    device = Listening(_silent_device(enterprise))
    report.read(device, observed_at=NOON)
    listed = asked.for_vendor(enterprise)
    assert device.heard - {PRESENCE} == {row.oid for row in (*listed.scalars, *listed.columns)}


def _only_asked(walk: Walk) -> Walk:
    """What the collector would have of that device: sysDescr and sysObjectID first, then its maker's rows."""
    listed = asked.for_vendor(asked.maker(walk))
    kept: dict[Oid, Value] = {}
    for scalar in listed.scalars:
        value = walk.get(scalar.oid)
        if value is not None:
            kept[oid(scalar.oid)] = value
    for column in listed.columns:
        kept |= {(*oid(column.oid), *row): value for row, value in walk.under(column.oid)}
    return Walk(kept, walk.unreadable)


@pytest.mark.parametrize("name", sorted(path.stem for path in HERE.glob("*.snmprec")))
def test_the_listed_rows_alone_give_the_same_report(name: str) -> None:
    whole = parse((HERE / f"{name}.snmprec").read_bytes())
    try:
        expected = report.read(whole, observed_at=NOON)
    except WalkError as error:
        with pytest.raises(WalkError, match=str(error)):
            report.read(_only_asked(whole), observed_at=NOON)
        return
    assert report.read(_only_asked(whole), observed_at=NOON) == expected


@needs_recordings
def test_the_listed_rows_of_the_recordings_give_the_same_report() -> None:
    for recording in recordings(map(str, sorted(RECORDINGS.glob("*.snmprec"))), {}):
        first, *others = map(parse, recording.contents)
        for other in others:
            first = first.merged(other)
        assert report.read(_only_asked(first), observed_at=NOON) == report.read(first, observed_at=NOON)


# RFC 3805, RFC 2790, RFC 3418 and the Job Monitoring MIB (RFC 2707): what people are, do or write
PRIVATE = {
    "sysContact": "1.3.6.1.2.1.1.4",
    "sysName": "1.3.6.1.2.1.1.5",
    "sysLocation": "1.3.6.1.2.1.1.6",
    "prtGeneralCurrentOperator": "1.3.6.1.2.1.43.5.1.1.4",
    "prtGeneralServicePerson": "1.3.6.1.2.1.43.5.1.1.5",
    "prtConsoleDisplayBufferTable": "1.3.6.1.2.1.43.16",
    "prtConsoleLightTable": "1.3.6.1.2.1.43.17",
    "prtAlertDescription": "1.3.6.1.2.1.43.18.1.1.8",
    "prtInputMediaName": "1.3.6.1.2.1.43.8.2.1.12",
    "prtInputName": "1.3.6.1.2.1.43.8.2.1.13",
    "prtChannelInformation": "1.3.6.1.2.1.43.14.1.1.9",
    "jobmonMIB": "1.3.6.1.4.1.2699.1.1",
    "ppmGeneral": "1.3.6.1.4.1.2699.1.2.1.1",
    "ppmPrinterName": "1.3.6.1.4.1.2699.1.2.1.2.1.1.2",
    "ppmPort": "1.3.6.1.4.1.2699.1.2.1.3",
    "hrSWRun": "1.3.6.1.2.1.25.4",
    "hrSWInstalled": "1.3.6.1.2.1.25.6",
    "hrStorage": "1.3.6.1.2.1.25.2",
    "ip": "1.3.6.1.2.1.4",
    "tcp": "1.3.6.1.2.1.6",
    "udp": "1.3.6.1.2.1.7",
    "Brother's administrator password (CVE-2024-51978)": "1.3.6.1.4.1.2435.2.3.9.4.2.1.5.5.3",
    "Samsung's administrator account": "1.3.6.1.4.1.236.11.5.11.81.10.1",
    "Ricoh's print queue": "1.3.6.1.4.1.367.3.2.1.3",
    "Ricoh's contact and location": "1.3.6.1.4.1.367.3.2.1.6.1.1",
}


@pytest.mark.parametrize("what", PRIVATE)
def test_nothing_of_peoples_is_asked(what: str) -> None:
    private = oid(PRIVATE[what])
    for row in ALL:
        start = oid(row.oid)
        shorter = min(len(start), len(private))
        assert start[:shorter] != private[:shorter], f"{row.name} touches {what}"


def test_every_entry_is_readable_and_stands_once() -> None:
    for row in ALL:
        assert row.name and row.why and row.oid[0] == "1"
        assert (row.vendor is None) == (row in SCALARS_OF_ALL or row in COLUMNS_OF_ALL)
    for vendor in VENDORS:
        listed = asked.for_vendor(vendor.enterprise)
        starts = [row.oid for row in (*listed.scalars, *listed.columns)]
        assert len(set(starts)) == len(starts)
        covered = [oid(column.oid) for column in listed.columns]
        for scalar in listed.scalars:
            assert not any(oid(scalar.oid)[: len(column)] == column for column in covered)


def test_columns_are_columns_and_scalars_single_rows() -> None:
    """A column ends above its index; asking a whole table or subtree would fetch what nobody reads."""
    tables = {oids.prtMarkerSuppliesEntry, oids.printmib, oids.enterprises}
    assert not tables & {row.oid for row in ALL}
    assert all(len(oid(row.oid)) >= 11 for row in COLUMNS)


@pytest.mark.parametrize(
    ("lines", "maker"),
    [
        (["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.1347.41"], 1347),
        (["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10", "1.3.6.1.2.1.1.1.0|4|RICOH IM C3000 1.05"], 367),
        (["1.3.6.1.2.1.1.1.0|4|Samsung CLX-3170 Series;V1.00.01.64"], 236),
        (["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.4242.1"], None),
        (["1.3.6.1.2.1.43.10.2.1.4.1.1|65|12"], None),
        (
            [
                "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.4242.1",
                "1.3.6.1.2.1.25.3.2.1.4.1|6|1.3.6.1.4.1.641.2.71435457",
            ],
            641,
        ),
    ],
)
def test_whose_rows_to_ask(lines: list[str], maker: int | None) -> None:
    assert asked.maker(rows(*lines)) == maker


def test_an_unknown_maker_is_asked_the_standard_rows_alone() -> None:
    for enterprise in (None, 0, 4242):
        assert asked.for_vendor(enterprise) == asked.Rows(SCALARS_OF_ALL, COLUMNS_OF_ALL)


def test_a_makers_rows_are_asked_of_its_devices_only() -> None:
    brother = asked.for_vendor(2435)
    assert {row.vendor for row in (*brother.scalars, *brother.columns)} == {None, "Brother"}


def _asked(name: str) -> Asked:
    return next(row for row in ALL if row.name == name)


def test_what_a_round_without_meters_leaves_out() -> None:
    """Kind and colour of a supply need the marker's rows, so those belong to the supplies."""
    assert {_asked(name).group for name in ("prtMarkerMarkTech", "prtMarkerProcessColorants")} == {"supplies"}
    assert {_asked(name).group for name in ("prtMarkerLifeCount", "prtMarkerCounterUnit")} == {"meters"}
