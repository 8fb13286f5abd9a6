"""Recordings served over UDP: what is read over the network is what is read from the file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from metered.agent import report
from metered.agent.files import recordings
from metered.agent.report import Report
from metered.agent.snmp.credentials import Community, Credentials, User
from metered.agent.walk import WalkError
from tests.agent.devices import HERE, NOON, RECORDINGS, needs_recordings
from tests.agent.network import collect
from tests.agent.responder import Engine, Habits, Printer, recorded

FOLDERS = [
    pytest.param(HERE, id="made"),
    pytest.param(RECORDINGS, id="real", marks=needs_recordings),
]
WAYS = [
    pytest.param("2c", Habits(), id="2c"),
    pytest.param("2c", Habits(largest=484), id="small answers"),
    pytest.param("2c", Habits(largest=484, too_big=True), id="tooBig"),
    pytest.param("2c", Habits(bulk="error"), id="no GETBULK"),
    pytest.param("1", Habits(), id="1"),
    pytest.param("3", Habits(), id="3"),
]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize(("version", "habits"), WAYS)
def test_read_over_the_network_exactly_as_from_the_file(folder: Path, version: str, habits: Habits) -> None:
    devices = _devices(folder)
    if version != "3":  # the others have no contexts
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
        printers = [_printer(devices[name], habits) for name in names]
        outcomes = collect(printers, _credentials(version, contexts))
        for name, outcome in zip(names, outcomes, strict=True):
            walk = outcome.walk
            assert walk is not None, name
            assert outcome.complete, (name, outcome.error)
            read[name] = _said(partial(report.read, walk, observed_at=NOON))
    assert len(read) >= 13
    assert read == from_files


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
