"""A real browser at the real application: Django's live server, the system's Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from metered.portal import look
from tests import factories


class Visit:
    """A fresh browser profile at the live server. `complaints` is what its console said against a page."""

    def __init__(self, browser: Any, url: str, **options: Any) -> None:
        options = {"viewport": {"width": 1280, "height": 900}} | options
        self.url = url
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self, path: str) -> Any:
        return self.page.goto(self.url + path)

    def sign_in(self, email: str) -> None:
        look.sign_in(self.page, self.url, email, factories.PASSWORD)

    @property
    def path(self) -> str:
        return str(self.page.url).removeprefix(self.url)


@pytest.fixture
def visit(chromium: Any, live_server: Any) -> Iterator[Any]:
    """Makes visits: `visit()`, or with options of a Playwright context."""
    made: list[Visit] = []

    def make(**options: Any) -> Visit:
        made.append(Visit(chromium, live_server.url, **options))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
