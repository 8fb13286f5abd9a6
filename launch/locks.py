"""Locks between processes that vanish with the process, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FileLock:
    """An advisory lock on a file. The kernel releases it even after `kill -9`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self, *, wait: bool = False) -> bool:
        """Take the lock; False when somebody else has it and `wait` is off."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._file = descriptor
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock on this file."""
    if not path.exists():
        return False
    lock = FileLock(path)
    if lock.take():
        lock.release()
        return False
    return True


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Wait for the lock and hold it for the block."""
    lock = FileLock(path)
    lock.take(wait=True)
    try:
        yield
    finally:
        lock.release()
