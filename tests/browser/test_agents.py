"""An owner enrols an agent: on a wide screen, on a phone, and without JavaScript."""

from __future__ import annotations

import datetime as dt
import json
import urllib.request
from typing import Any

import pytest
from django.utils import timezone

from metered.fleet.models import Agent
from metered.portal import look
from metered.reads.models import AgentState
from tests import factories
from tests.portal.world import can_sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"viewport": {"width": 390, "height": 800}}
PLAIN = PHONE | {"java_script_enabled": False}
each = pytest.mark.parametrize("options", [{}, PHONE, PLAIN], ids=["wide", "phone", "phone, no JavaScript"])


@pytest.fixture
def cast(chromium: Any, live_server: Any) -> factories.Cast:
    cast = factories.cast()
    can_sign_in(cast.ana)
    return cast


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def enrol(url: str, code: str) -> dict[str, Any]:
    """As the agent does it, over the wire."""
    request = urllib.request.Request(  # noqa: S310 -- the live server
        f"{url}/api/v1/agents/enrol",
        data=json.dumps({"code": code, "host": "PRINTSRV1", "version": "1.0.0"}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 -- the live server
        found: dict[str, Any] = json.loads(answer.read())
        return found


@each
def test_an_agent_from_nothing_to_revoked(cast: factories.Cast, visit: Any, options: Any) -> None:
    ana = visit(**options)
    scripted = options.get("java_script_enabled", True)
    ana.sign_in(cast.ana.email)
    page = ana.page
    ana.open("/devices/")
    page.get_by_role("link", name="Device agents").click()
    page.get_by_role("heading", level=1, name="No device agent reads your printers yet").wait_for()
    assert fits(page) and (not scripted or look.findings(page) == [])
    page.locator("main").get_by_role("link", name="Enrol an agent").first.click()
    page.get_by_label("Name").fill("Warehouse")
    page.get_by_role("button", name="Show the code").click()
    page.get_by_role("heading", level=1, name="Type this code at the computer of Warehouse").wait_for()
    code = page.locator("#code").inner_text()
    assert fits(page) and (not scripted or look.findings(page) == [])
    assert enrol(ana.url, code.lower().replace("-", " "))["agent"]["name"] == "Warehouse"
    if scripted:
        # The page notices by itself.
        page.get_by_text("on the computer PRINTSRV1").wait_for()
        page.get_by_role("link", name="See the agent").click()
    else:
        page.get_by_role("link", name="It was typed: look whether it worked").click()
    page.get_by_role("heading", level=1, name="Warehouse has enrolled and starts to report").wait_for()
    page.get_by_role("link", name="Rename").click()
    page.get_by_label("Name").fill("Tower")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_text("It can't be undone").wait_for()
    assert fits(page) and Agent.objects.get().revoked_at is None
    page.get_by_role("button", name="Revoke it").click()
    page.get_by_text("Tower is revoked").wait_for()
    assert Agent.objects.get().revoked_at is not None
    assert ana.complaints == []


@pytest.mark.parametrize("theme", look.THEMES)
def test_nothing_stands_in_anybodys_way(cast: factories.Cast, visit: Any, theme: Any) -> None:
    now = timezone.now()
    name = "Lower level, next to Central Supply, by the loading dock"
    for title, ago, status in (
        (name, dt.timedelta(days=3), None),
        ("Refuser", dt.timedelta(hours=1),
         {"devices": 12, "refused": [{"serial": "3TX481207", "reason": "unknown_serial"}]}),
    ):  # fmt: skip
        factories.agent_token(cast.northwind, title)
        row = Agent.objects.get(name=title)
        Agent.objects.filter(pk=row.pk).update(created_at=now - dt.timedelta(days=9), enrolled_at=now - ago)
        AgentState.objects.create(
            agent=row, account=row.account, received_at=now - ago, version="0.0.1", status=status
        )
    ana = visit(color_scheme=theme, viewport={"width": 320, "height": 640})
    ana.sign_in(cast.ana.email)
    page = ana.page
    pages = ["/agents/", "/agents/?which=revoked", "/agents/new/"]
    for row in Agent.objects.all():
        pages += [f"/agents/{row.public_id}/{more}" for more in ("", "code/", "rename/", "revoke/")]
    for path in pages:
        ana.open(path)
        assert look.findings(page) == [] and fits(page), path
    ana.open("/agents/new/")
    page.get_by_label("Name").fill("Refuser")
    page.get_by_role("button", name="Show the code").click()
    page.get_by_text("There is an agent of this name already").wait_for()
    assert look.findings(page) == [] and fits(page)
    assert ana.complaints == []
