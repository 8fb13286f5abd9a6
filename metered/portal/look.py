"""A walk through every page in a real browser: pictures, and what axe finds (`manage.py screenshots`)."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin

from metered.portal.png import smaller

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

WIDTHS = (320, 768, 1280)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TALLEST = 3200
"""Pictures end here: nobody looks at the fiftieth row."""

AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations", "incomplete"],
}

PUBLIC_PAGES = {
    "sign-in": "/sign-in/login/",
    "sign-in-forgotten": "/sign-in/password/reset/",
    "api-docs": "/api/docs",
    "home": "/",
    "eligibility": "/eligibility/?search=versalink",
    "eligibility-none": "/eligibility/?search=nothing-is-called-so",
    "can-it-report": "/can-it-report/?model=VersaLink+C505&version=55.36.31",
    "notices": "/notices/",
    "guide": "/guide/",
    "guide-found": "/guide/?search=waste+container",
    "guide-chapter": "/guide/connection/",
    "guide-pictures": "/guide/returns/",
    "returns-policy": "/returns-policy/",
    "support": "/support/",
    "register": "/register/",
    "register-sent": "/register/sent/",
    "register-unknown": "/register/unknown/",
}

PAGES = {
    "overview": "/",
    "devices": "/devices/",
    "devices-none": "/devices/?search=nothing-is-called-so",
    "device-add": "/devices/add/",
    "device-requests": "/devices/requests/",
    "software": "/devices/software/",
    "supplies": "/supplies/",
    "stock": "/stock/",
    "addresses": "/addresses/",
    "address-new": "/addresses/new/",
    "reads": "/reads/",
    "reads-rows": "/reads/rows/",
    "orders": "/orders/",
    "people": "/people/",
    "people-invite": "/people/invite/",
    "activity": "/activity/",
    "welcome": "/welcome/",
    "leave": "/account/leave/",
    "order-new": "/orders/new/",
    "agents": "/agents/",
    "agents-revoked": "/agents/?which=revoked",
    "agent-new": "/agents/new/",
    "heavy-jobs": "/heavy-jobs/",
    "heavy-jobs-past": "/heavy-jobs/?which=past",
    "heavy-job-where": "/heavy-jobs/new/",
    "outbox": "/demo/outbox/",
    "support-messages": "/support/messages/",
    "support-write": "/support/messages/new/",
    "not-found": "/nothing-here/",
    "security": "/sign-in/2fa/",
    "security-passkeys": "/sign-in/2fa/webauthn/",
    "security-password": "/sign-in/password/change/",
    "security-email": "/sign-in/email/",
    "security-sessions": "/sign-in/sessions/",
    "sign-out": "/sign-in/logout/",
}
"""Pages with a fixed address, by the name of their pictures."""

FIRST_OF: dict[str, tuple[str, ...]] = {
    "device": ("/devices/?search=C7130", "#list tbody th a"),
    "device-silent": ("/devices/?state=silent", "#list tbody th a"),
    "device-by-hand": ("/devices/?path=manual", "#list tbody th a"),
    "device-reads": ("/reads/", "tbody th a"),
    "connection-direct": ("/devices/software/", "#list tbody th a"),
    "order": ("/orders/?origin=automatic", "#list tbody th a"),
    "order-delivered": ("/orders/?state=delivered", "#list tbody th a"),
    "agent": ("/agents/", "#list tbody tr:has(.tag.good) th a"),
    "agent-silent": ("/agents/", "#list tbody tr:has(.tag.bad) th a"),
    "agent-code": ("/agents/", "#list tbody th a", "code/"),
    "agent-rename": ("/agents/", "#list tbody th a", "rename/"),
    "agent-revoke": ("/agents/", "#list tbody tr:has(.tag.good) th a", "revoke/"),
    "heavy-job": ("/heavy-jobs/", "#list tbody th a"),
    "heavy-job-change": ("/heavy-jobs/", "#list tbody th a", "change/"),
    "heavy-job-withdraw": ("/heavy-jobs/", "#list tbody th a", "withdraw/"),
    "heavy-job-new": ("/heavy-jobs/new/", "main .rows a"),
    "stock-count": ("/stock/", "#list tbody th a"),
    "address": ("/addresses/", "#list tbody th a"),
    "person": ("/people/", "#list tbody tr:nth-child(2) th a"),
    "join-request": ("/people/", "main .rows a.btn"),
    "order-new-for": ("/orders/new/", "main .rows a"),
    "mail": ("/demo/outbox/", "main tbody th a"),
}
"""Pages that are the first one of a list: the list, the link on it, and perhaps where to go from there."""

STAFF_PAGES = {
    "staff": "/admin/",
    "staff-orders": "/admin/orders/order/",
    "staff-held": "/admin/orders/orderline/?waits=any",
    "staff-problems": "/admin/orders/problem/",
    "staff-devices": "/admin/fleet/device/",
    "staff-agents": "/admin/fleet/agent/",
    "staff-reads": "/admin/reads/read/",
    "staff-models": "/admin/fleet/printermodel/",
    "staff-mail": "/admin/notify/message/",
    "staff-proposals": "/admin/replenishment/proposal/",
}
_ROW = "#result_list tbody th a"
STAFF_FIRST_OF: dict[str, tuple[str, ...]] = {
    "staff-order": ("/admin/orders/order/", _ROW),
    "staff-ship": ("/admin/orders/order/?queue=ship", _ROW, "../ship/"),
    "staff-device": ("/admin/fleet/device/?q=3TX", _ROW),
    "staff-agent": ("/admin/fleet/agent/?state=silent", _ROW),
    "staff-model": ("/admin/fleet/printermodel/?q=C7130", _ROW),
    "staff-address": ("/admin/accounts/address/", _ROW),
    "staff-contract": ("/admin/fleet/contract/", _ROW),
}
"""The same for support staff."""


def chromium() -> str | None:
    """The system's browser: METERED_CHROMIUM, else the first one on the path."""
    chosen = os.environ.get("METERED_CHROMIUM")
    if chosen:
        return chosen
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return found
    return None


def launch(playwright: Any, **options: Any) -> Browser:
    """Starts the system's browser. Raises RuntimeError when there is none."""
    path = chromium()
    if path is None:
        raise RuntimeError("no Chromium: install one, or name it in METERED_CHROMIUM")
    # Chromium's sandbox can't run as root.
    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    browser: Browser = playwright.chromium.launch(executable_path=path, args=arguments, **options)
    return browser


def sign_in(page: Page, url: str, email: str, password: str) -> None:
    """Signs in with e-mail and password, as a person does. Waits for a page behind the door."""
    page.goto(f"{url}/sign-in/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda address: "/sign-in/" not in address)


def findings(page: Page) -> list[str]:
    """What axe has against the page: violations, and contrast that it could not settle."""
    from axe_playwright_python.sync_playwright import Axe

    result = Axe().run(page, options=AXE_OPTIONS).response
    unsettled = [item for item in result["incomplete"] if item["id"] == "color-contrast"]
    return [
        f"{item['id']} ({item['impact']}): {', '.join(str(node['target']) for node in item['nodes'][:5])}"
        for item in [*result["violations"], *unsettled]
    ]


def _shot(page: Page, width: int, height: int) -> bytes:
    """The page as a small PNG. In haste the browser writes what `smaller` can read."""
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    session = page.context.new_cdp_session(page)
    taken = session.send(
        "Page.captureScreenshot",
        {"format": "png", "captureBeyondViewport": True, "clip": clip, "optimizeForSpeed": True},
    )
    session.detach()
    return smaller(base64.b64decode(taken["data"]))


def _width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def _height(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollHeight"))


@dataclass
class Look:
    """One walk. `only` empty means every page."""

    url: str
    email: str
    password: str
    staff: tuple[str, str] | None
    """E-mail and password of somebody of the support staff, if their pages are wanted too."""
    into: Path
    only: frozenset[str]
    axe: bool
    say: Callable[[str], Any]
    widths: tuple[int, ...] = WIDTHS
    languages: tuple[str, ...] = ("en",)
    speak: Callable[[str], Any] = lambda language: None
    """Called before the pages are seen in a language: makes it that of the people who look."""
    script: bool = True
    pictures: bool = True
    taken: int = 0

    def all(self) -> list[str]:
        """Takes all pictures; returns the findings, each with the page's name."""
        from playwright.sync_api import sync_playwright

        if self.pictures:
            self.into.mkdir(parents=True, exist_ok=True)
        with sync_playwright() as playwright:
            browser = launch(playwright)
            try:
                return self._walk(browser)
            finally:
                browser.close()

    def _walk(self, browser: Browser) -> list[str]:
        found: list[str] = []
        rounds: list[tuple[Any, dict[str, str]]] = [(None, PUBLIC_PAGES)]
        rounds.append(self._round(browser, self.email, self.password, PAGES, FIRST_OF))
        if self.staff:
            rounds.append(self._round(browser, *self.staff, STAFF_PAGES, STAFF_FIRST_OF))
        for language in self.languages:
            self.speak(language)
            for theme in THEMES:
                for width in self.widths:
                    for session, pages in rounds:
                        found += self._pages(browser, session, pages, language, width, theme)
        return found

    def _pages(
        self,
        browser: Browser,
        session: Any,
        pages: Mapping[str, str],
        language: str,
        width: int,
        theme: Literal["light", "dark"],
    ) -> list[str]:
        context = browser.new_context(
            viewport={"width": width, "height": 900 if width > 400 else 640},
            color_scheme=theme,
            locale=language,
            storage_state=session,
            java_script_enabled=self.script,
        )
        found: list[str] = []
        for name, address in pages.items():
            if not self.only or name in self.only:
                label = "-".join([name, str(width), theme, *([language] if language != "en" else [])])
                found += self._picture(context, label, address, width)
        context.close()
        return found

    def _round(
        self,
        browser: Browser,
        email: str,
        password: str,
        pages: Mapping[str, str],
        first_of: Mapping[str, tuple[str, ...]],
    ) -> tuple[Any, dict[str, str]]:
        """A signed-in session, and the addresses to visit with it by the names of their pictures."""
        context = browser.new_context()
        page = context.new_page()
        sign_in(page, self.url, email, password)
        found = dict(pages)
        for name, (listed, link, *further) in first_of.items():
            page.goto(self.url + listed)
            there = page.locator(link).first
            if there.count():
                address = urljoin(listed, str(there.get_attribute("href")))
                found[name] = urljoin(address, further[0]) if further else address
            else:
                self.say(f"{name}: nothing to show on {listed}")
        session = context.storage_state()
        context.close()
        return session, found

    def _picture(self, context: BrowserContext, label: str, address: str, width: int) -> list[str]:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        try:
            page.goto(self.url + address, wait_until="networkidle")
            overflow = _width(page) - width
            if self.pictures:
                (self.into / f"{label}.png").write_bytes(_shot(page, width, min(TALLEST, _height(page))))
            self.taken += 1
            found = [f"scrolls sideways by {overflow} px"] if overflow > 0 else []
            found += [text for text in said if "Content Security Policy" in text]
            # axe is a script itself.
            if self.axe and self.script:
                found += findings(page)
            self.say(f"{label}: {'; '.join(found) or 'fine'}")
            return [f"{label}: {item}" for item in found]
        finally:
            page.close()
