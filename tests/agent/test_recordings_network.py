"""Recordings served over UDP: what is read over the network is what is read from the file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from metered.agent import report
from metered.agent.files import recordings
from metered.agent.report import Report
from metered.agent.snmp.credentials import Community, Credentials, User
from metered.agent.walk import WalkError
from tests.agent.devices import HERE, NOON, RECORDINGS, needs_recordings
from tests.agent.network import collect
from tests.agent.responder import Engine, Habits, Printer, recorded


class Way(NamedTuple):
    """How the recordings are asked, and how they answer."""

    version: str
    habits: Habits = Habits()


WAYS = {
    "1": Way("1"),
    "2c": Way("2c"),
    "3": Way("3"),
    "small answers": Way("2c", Habits(largest=484)),
    "tooBig": Way("2c", Habits(largest=484, too_big=True)),
    "no GETBULK": Way("2c", Habits(bulk="error")),
}


@pytest.mark.parametrize(
    "folder",
    [pytest.param(HERE, id="made"), pytest.param(RECORDINGS, id="real", marks=needs_recordings)],
)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_read_over_the_network_exactly_as_from_the_file(folder: Path, way: Way) -> None:
    assert compared(folder, way) >= 13


def compared(folder: Path, way: Way) -> int:
    """How many devices were read in this way; each must say what its files say."""
    devices = _devices(folder)
    if way.version != "3":  # the others have no contexts
        devices = {name: files for name, files in devices.items() if len(files) == 1}
    from_files = {
        recording.name: _said(recording.report)
        for recording in recordings([str(file) for files in devices.values() for file in files], {})
    }
    by_contexts: dict[tuple[str, ...], list[str]] = {}
    for name, files in devices.items():
        by_contexts.setdefault(tuple(_context(file) for file in files), []).append(name)
    read: dict[str, Any] = {}
    for contexts, names in by_contexts.items():
        printers = [_printer(devices[name], way.habits) for name in names]
        outcomes = collect(printers, _credentials(way.version, contexts))
        for name, outcome in zip(names, outcomes, strict=True):
            assert outcome.walk is not None, name
            assert outcome.complete, (name, outcome.error)
            read[name] = _said(partial(report.read, outcome.walk, observed_at=NOON))
    assert read == from_files
    return len(read)


def _said(made: Callable[[], Report]) -> Any:
    """The report but for its time, or the words of what is none."""
    try:
        return made().as_json() | {"observed_at": None}
    except WalkError as error:
        return str(error).rpartition(": ")[2]


def _devices(folder: Path) -> dict[str, list[Path]]:
    """The files of each device, the one without a context first."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.glob("*.snmprec"), key=lambda file: ("@" in file.name, file.name)):
        found.setdefault(file.stem.partition("@")[0], []).append(file)
    return found


def _context(file: Path) -> str:
    return file.stem.partition("@")[2]


def _printer(files: list[Path], habits: Habits) -> Printer:
    first, *others = (recorded(file.read_bytes()) for file in files)
    contexts = dict(zip(map(_context, files[1:]), others, strict=True))
    user = _credentials("3", ("",))
    assert isinstance(user, User)
    return Printer(first, habits, contexts=contexts, engine=Engine([user]))


def _credentials(version: str, contexts: tuple[str, ...]) -> Credentials:
    if version == "3":
        return User("reader", "sha256", "a long password", "aes128", "another password", contexts)
    return Community("public", "1" if version == "1" else "2c")
