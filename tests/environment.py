"""A pytest plugin that is loaded before Django's settings are (pyproject.toml: `-p tests.environment`)."""

from __future__ import annotations

import os
import re

DEFAULTS = {
    "DJANGO_SETTINGS_MODULE": "metered.config.settings",
    "METERED_SECRET_KEY": "only-for-tests",
    "METERED_STATIC_STORAGE": "plain",
}
for _name, _value in DEFAULTS.items():
    os.environ.setdefault(_name, _value)


def own_database_number(url: str, worker: str) -> str:
    """REDIS_URL with a number of its own for each xdist worker (gw0 has 1, gw1 has 2, …)."""
    number = int(re.sub(r"\D", "", worker) or 0) + 1
    return re.sub(r"\?db=\d+$", f"?db={number}", url)


# Only on a private Valkey: on somebody's own server the other numbers may hold data.
if os.environ.get("METERED_TEST_PRIVATE_REDIS") == "1" and "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["REDIS_URL"] = own_database_number(os.environ["REDIS_URL"], os.environ["PYTEST_XDIST_WORKER"])
