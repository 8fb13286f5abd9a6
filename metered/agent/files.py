"""Recorded walks on disk: which files are one device, and when it was read.

`NAME@CONTEXT.snmprec` is the device of `NAME.snmprec` asked in another SNMPv3 context: naming either file
reads both.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from metered.agent import report, walk
from metered.agent.walk import WalkError

SUFFIX = ".snmprec"


@dataclass(frozen=True, slots=True)
class Recording:
    """One device's files, the one without a context first. `read_at` is the newest modification time."""

    name: str
    contents: tuple[bytes, ...]
    read_at: datetime
    serial: str | None

    def report(self) -> report.Report:
        """Raises WalkError, with the name in front."""
        try:
            first, *others = (walk.parse(content) for content in self.contents)
            for other in others:
                first = first.merged(other)
            return report.read(first, observed_at=self.read_at, serial=self.serial)
        except WalkError as error:
            raise WalkError(f"{self.name}: {error}") from None

    def digest(self) -> bytes:
        """Of name, contents and supplied serial; not of the folder or the time."""
        parts = (os.fsencode(self.name), (self.serial or "").encode(), *self.contents)
        return sha256(b"".join(sha256(part).digest() for part in parts)).digest()


def recordings(files: Iterable[str], serials: Mapping[str, str]) -> list[Recording]:
    """The devices of `files`, by name, each once, whatever the order they were given in.

    `serials` maps a file (its path, its name, or its name without `.snmprec`) to the serial its walk lacks.
    Raises WalkError for a file that cannot be read and for a serial whose file was not given.
    """
    try:
        return _recordings(map(Path, files), {str(Path(file)): serial for file, serial in serials.items()})
    except OSError as error:
        raise WalkError(f"{error.filename or 'a file'}: {error.strerror or error}") from None


def _recordings(files: Iterable[Path], unused: dict[str, str]) -> list[Recording]:
    devices: dict[tuple[str, Path], set[Path]] = {}
    for file in files:
        if not file.is_file():
            raise WalkError(f"{file}: no such file")
        base = file.name.removesuffix(SUFFIX).split("@", 1)[0]
        contexts = (path for path in file.parent.iterdir() if path.name.startswith(f"{base}@"))
        beside = {path for path in (file.parent / f"{base}{SUFFIX}", *contexts) if path.suffix == SUFFIX}
        devices.setdefault((base, file.parent.resolve()), set()).update({file, *filter(Path.is_file, beside)})
    read = [_recording(base, paths, unused) for (base, _), paths in devices.items()]
    if unused:
        raise WalkError(f"--serial {next(iter(unused))}: that file is not among the files given")
    return sorted(read, key=lambda recording: (recording.name, recording.digest()))


def _recording(base: str, paths: Iterable[Path], serials: dict[str, str]) -> Recording:
    # "NAME.snmprec" before its contexts: its rows win
    unique = {path.name: path for path in paths}
    ordered = sorted(unique.values(), key=lambda path: ("@" in path.name, path.name))
    serial = None
    for path in ordered:
        for key in (str(path), path.name, path.name.removesuffix(SUFFIX)):
            serial = serials.pop(key, None) or serial
    contents = tuple(path.read_bytes() for path in ordered)
    newest = max(path.stat().st_mtime_ns for path in ordered)
    # whole microseconds without floats: the same file must give the same moment everywhere
    moment = datetime.fromtimestamp(newest // 10**9, UTC).replace(microsecond=newest // 1000 % 10**6)
    return Recording(base, contents, moment, serial)
