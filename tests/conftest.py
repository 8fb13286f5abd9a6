"""What every test stands on: its database, its cache's own keys, and the browser if there is one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter

from tests.chromium import MISSING, find_chromium


def pytest_configure(config: pytest.Config) -> None:
    from django.conf import settings

    # Row numbers repeat in the workers' databases; keys made of them must not meet in one cache.
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    settings.CACHES["default"]["KEY_PREFIX"] = f"test-{worker}-{os.getpid()}"
    # A hash that is slow on purpose takes a tenth of a second for each person of the cast.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


LONGEST = ("test_access.py", "flows/", "browser/", "launch/")
"""Files by how they begin: what takes longest starts first, so that no worker is left alone with it."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(tests).as_posix()
        return next((at for at, start in enumerate(LONGEST) if name.startswith(start)), len(LONGEST))

    items.sort(key=place)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Playwright's event loop passes for a running one in its thread, where other tests run theirs."""
    loop = asyncio._get_running_loop()
    if loop is None or item.get_closest_marker("browser") is not None:
        return (yield)
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(loop)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") is None or find_chromium() is not None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if MISSING in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_sep("!", f"{len(skipped)} browser tests were NOT run: {MISSING}", red=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Clone the migrated template instead of migrating in every worker."""
    from django.db import connections

    from tests.databases import ensure_template

    url = os.environ.get("DATABASE_URL")
    if not url:
        pytest.fail(
            "Start the tests with `python3 manage.py test`, or set DATABASE_URL and REDIS_URL.", pytrace=False
        )
    template, keeper = ensure_template(url)
    connections["default"].settings_dict["TEST"]["TEMPLATE"] = template
    with keeper:
        yield


@pytest.fixture(autouse=True)
def _source_language() -> Iterator[None]:
    """A request of a test leaves its person's language active, as it would in a thread until the next one."""
    from django.utils import translation

    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests. Playwright keeps an event loop in this thread; Django must know."""
    from playwright.sync_api import sync_playwright

    from metered.portal import look

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = look.launch(playwright)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
