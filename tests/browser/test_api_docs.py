"""The API's page for people, under the portal's Content-Security-Policy."""

from __future__ import annotations

from typing import Any

import pytest

from metered.portal import look

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_docs_page_offends_nobody_and_asks_nobody_else(visit: Any, theme: str) -> None:
    one = visit(color_scheme=theme, viewport={"width": 320, "height": 640})
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url))
    one.open("/api/docs")
    one.page.get_by_text("body.json", exact=True).last.click()
    one.page.get_by_text('"serial": "3TX481207"').first.wait_for()
    assert look.findings(one.page) == [] and one.complaints == []
    assert one.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert all(url.startswith((one.url, "data:")) for url in asked)
