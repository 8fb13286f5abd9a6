"""Health checks for an image without curl: `python -m launch.probe URL` or `… FILE SECONDS`."""

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """0 when the URL answers 200, or when the file was written within so many seconds."""
    target, *limit = arguments
    if limit:
        return 0 if written_within(Path(target), float(limit[0])) else 1
    return 0 if answers(target) else 1


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=4) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def written_within(file: Path, seconds: float) -> bool:
    # dbm appends its own suffix in some flavours.
    found = [each.stat().st_mtime for each in file.parent.glob(file.name + "*")]
    return bool(found) and time.time() - max(found) < seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
