"""The API's page for people, under the portal's Content-Security-Policy."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_docs_page_works_without_a_violation(visit: Any) -> None:
    one = visit()
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(request.url))
    one.open("/api/docs")
    one.page.locator("#operations-telemetry-send_telemetry").wait_for()
    one.page.locator("#operations-telemetry-send_telemetry button.opblock-summary-control").click()
    one.page.get_by_text("Every report is judged by itself").first.wait_for()
    assert one.complaints == []
    assert all(url.startswith((one.url, "data:")) for url in asked)
