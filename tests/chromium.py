"""The system's Chromium, which browser tests use instead of a downloaded one."""

from __future__ import annotations

import os
import shutil

from metered.portal.look import BROWSERS

MISSING = "no Chromium here: install the package chromium, or set METERED_CHROMIUM to a browser"


def find_chromium() -> str | None:
    """Path of the browser, or None."""
    chosen = os.environ.get("METERED_CHROMIUM")
    if chosen:
        return shutil.which(chosen)
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)
