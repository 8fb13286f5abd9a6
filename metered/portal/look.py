"""A walk through every page in a real browser: pictures, and what axe finds (`manage.py screenshots`)."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin

from metered.portal.png import smaller

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (320, 768, 1280)
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TALLEST = 3200
"""Pictures end here: nobody looks at the fiftieth row."""

AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations", "incomplete"],
}

AXE_LOOKS = AXE_OPTIONS | {"runOnly": {"type": "rule", "values": ["color-contrast", "target-size"]}}
"""The rules that may find something only at another size or in other colours."""

PHONE: Any = {"width": 320, "height": 640}

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
    "how-replenishment-works": "/how-replenishment-works/",
    "contract-terms": "/contract-terms/",
    "recycling": "/recycling/",
    "accessibility": "/accessibility/",
    "privacy": "/privacy/",
    "updates": "/updates/",
    "updates-asked": "/updates/asked/",
    "register": "/register/",
    "register-sent": "/register/sent/",
    "register-unknown": "/register/unknown/",
    "return-start": "/returns/start/",
    "return-sent": "/returns/start/sent/",
    "return-link-unknown": "/returns/confirm/unknown/",
    "return-recycling": "/returns/recycling/?search=006R01824",
    "return-recycling-none": "/returns/recycling/?search=nothing-is-called-so",
}

PUBLIC_FIRST_OF: dict[str, tuple[str, ...]] = {"notice": ("/notices/", "main a[href^='/notices/']")}

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
    "returns": "/returns/",
    "returns-none": "/returns/?search=nothing-is-called-so",
    "return-where": "/returns/new/",
    "agents": "/agents/",
    "agents-revoked": "/agents/?which=revoked",
    "agent-new": "/agents/new/",
    "heavy-jobs": "/heavy-jobs/",
    "heavy-jobs-past": "/heavy-jobs/?which=past",
    "heavy-job-where": "/heavy-jobs/new/",
    "settings": "/settings/",
    "keys": "/settings/keys/",
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
    "device-what-if": ("/devices/?search=C7130", "#list tbody th a", "what-if/?safety=10"),
    "device-name": ("/devices/?search=C7130", "#list tbody th a", "name/"),
    "device-change": ("/devices/?search=C7130", "#list tbody th a", "change/"),
    "device-replenishment": ("/devices/?search=C7130", "#list tbody th a", "replenishment/"),
    "device-silent": ("/devices/?state=silent", "#list tbody th a"),
    "device-by-hand": ("/devices/?path=manual", "#list tbody th a"),
    "device-reads": ("/reads/", "tbody th a"),
    "connection-direct": ("/devices/software/", "#list tbody th a"),
    "order": ("/orders/?origin=automatic", "#list tbody th a"),
    "order-delivered": ("/orders/?state=delivered", "#list tbody th a"),
    "order-problem": ("/orders/?state=delivered", "#list tbody th a", "problem/"),
    "return-filed": ("/returns/?state=filed", "#list tbody tr:last-child th a"),
    "return-confirmed": ("/returns/?state=confirmed", "#list tbody th a"),
    "return-pallet": ("/returns/?state=confirmed", "#list tbody tr:last-child th a"),
    "return-arrived": ("/returns/?state=received", "#list tbody th a"),
    "return-settled": ("/returns/?state=closed", "#list tbody th a"),
    "return-rejected": ("/returns/?state=stopped", "#list tbody tr:has(.tag.bad) th a"),
    "return-withdraw": ("/returns/?state=confirmed", "#list tbody th a", "withdraw/"),
    "return-new": ("/returns/new/", "main .rows .title a"),
    "return-left": ("/returns/", "main .card header a.btn.primary"),
    "leftover-none": ("/returns/", "main .card .rows a.btn.small"),
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
    "stock-ledger": ("/stock/", "#list tbody th a", "main a[href*='/stock/ledger/']"),
    "address": ("/addresses/", "#list tbody th a"),
    "address-edit": ("/addresses/", "#list tbody th a", "edit/"),
    "address-retire": ("/addresses/", "#list tbody th a", "retire/"),
    "person": ("/people/", "#list tbody tr:nth-child(2) th a"),
    "join-request": ("/people/", "main .rows a.btn"),
    "order-new-for": ("/orders/new/", "main .rows a"),
    "mail": ("/demo/outbox/", "main tbody th a"),
}
"""Pages that are reached from another: where to begin, then links to follow and addresses from there."""

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
    "staff-shortages": "/admin/replenishment/shortage/",
    "staff-nights": "/admin/replenishment/nightrun/",
    "staff-lanes": "/admin/replenishment/deliverylane/",
    "staff-accuracy": "/admin/replenishment/runouttold/",
    "staff-backtests": "/admin/replenishment/backtestrun/",
    "staff-backtest-new": "/admin/replenishment/backtestrun/add/",
    "staff-returns": "/admin/returns/return/",
    "staff-returns-all": "/admin/returns/return/?queue=all",
    "staff-leftovers": "/admin/returns/leftover/",
    "staff-returns-unconfirmed": "/admin/returns/unconfirmed/",
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
    "staff-return": ("/admin/returns/return/", _ROW),
    "staff-return-decide": ("/admin/returns/return/", _ROW, "../decide/"),
    "staff-return-address": ("/admin/returns/return/", _ROW, "../address/"),
    "staff-return-receive": ("/admin/returns/return/?queue=receive", _ROW, "../receive/"),
    "staff-return-received": ("/admin/returns/return/?queue=close", _ROW),
    "staff-return-pictures": ("/admin/returns/return/?queue=close", _ROW, "../pictures/"),
    "staff-return-close": ("/admin/returns/return/?queue=close", _ROW, "../close/"),
    "staff-leftover-assign": ("/admin/returns/leftover/", _ROW, "../assign/"),
}
"""The same for support staff."""


BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
"""First the one without windows: it takes a third of the time (Debian's package of the same name)."""


def chromium() -> str | None:
    """The system's browser: METERED_CHROMIUM, else the first one on the path."""
    chosen = os.environ.get("METERED_CHROMIUM")
    if chosen:
        return chosen
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


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


def findings(page: Page, options: Mapping[str, Any] = AXE_OPTIONS) -> list[str]:
    """What axe has against the page: violations, and contrast that it could not settle."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    result = axe.run(page, options=dict(options)).response
    found = [(item["id"], item["impact"], item["nodes"]) for item in result["violations"]]
    for item in result["incomplete"]:
        if item["id"] == "color-contrast":
            nodes = [node for node in item["nodes"] if not _settles(page, axe, node["target"])]
            found += [(item["id"], "unsettled", nodes)] if nodes else []
    return [
        f"{name} ({impact}): {', '.join(str(node['target']) for node in nodes[:5])}"
        for name, impact, nodes in found
    ]


def _settles(page: Page, axe: Any, target: list[Any]) -> bool:
    """Whether the contrast of what stood half outside of a scrolling box is right once it is in view."""
    if len(target) != 1 or not isinstance(target[0], str):
        return False
    page.locator(target[0]).first.scroll_into_view_if_needed()
    options = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
    again = axe.run(page, context=target[0], options=options).response
    return not again["violations"] and not again["incomplete"]


def findings_everywhere(page: Page) -> list[str]:
    """The page as it is, by every rule; then dark on a phone, by the rules that depend on look and size.

    A light page that is right is right in the dark but for its colours, and on a phone but for its sizes.
    """
    wide = page.viewport_size
    found = findings(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size(PHONE)
    found += [f"dark, on a phone: {item}" for item in findings(page, AXE_LOOKS)]
    overflow = _width(page) - PHONE["width"]
    found += [f"on a phone: scrolls sideways by {overflow} px"] if overflow > 0 else []
    page.emulate_media(color_scheme="light")
    if wide is not None:
        page.set_viewport_size(wide)
    return found


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
        rounds: list[tuple[Any, dict[str, str]]] = [
            (None, self._of(browser, None, PUBLIC_PAGES, PUBLIC_FIRST_OF))
        ]
        rounds.append(self._round(browser, self.email, self.password, PAGES, FIRST_OF))
        if self.staff:
            rounds.append(self._round(browser, *self.staff, STAFF_PAGES, STAFF_FIRST_OF))
        for language in self.languages:
            self.speak(language)
            for session, pages in rounds:
                found += self._pages(browser, session, pages, language)
        return found

    def _pages(self, browser: Browser, session: Any, pages: Mapping[str, str], language: str) -> list[str]:
        context = browser.new_context(
            locale=language,
            storage_state=session,
            java_script_enabled=self.script,
            # A colour on its way to another one is no finding.
            reduced_motion="reduce",
        )
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        found: list[str] = []
        for name, address in pages.items():
            if not self.only or name in self.only:
                found += self._page(page, said, name, address, language)
        context.close()
        return found

    def _there(self, page: Page, address: str, steps: Sequence[str]) -> str | None:
        """Where the steps lead: each the first link of a kind on the page, or an address from there."""
        for step in steps:
            if step.partition("?")[0].endswith("/"):
                address = urljoin(address, step)
                continue
            page.goto(self.url + address)
            there = page.locator(step).first
            if not there.count():
                return None
            address = urljoin(address, str(there.get_attribute("href")))
        return address

    def _page(self, page: Page, said: list[str], name: str, address: str, language: str) -> list[str]:
        """One page at every width and in both themes, loaded once."""
        said.clear()
        page.goto(self.url + address, wait_until="networkidle" if self.pictures else "load")
        # Before axe, which reads sheets in a way that the policy forbids to pages.
        found = [f"{name} in {language}: {text}" for text in said if "Content Security Policy" in text]
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            for width in self.widths:
                page.set_viewport_size({"width": width, "height": 900 if width > 400 else 640})
                label = "-".join([name, str(width), theme, *([language] if language != "en" else [])])
                # What is hidden differs between the ends; colours and sizes differ everywhere.
                whole = theme == THEMES[0] and width in (min(self.widths), max(self.widths))
                rules = AXE_OPTIONS if whole else AXE_LOOKS
                found += [f"{label}: {item}" for item in self._look(page, label, width, rules)]
        self.say(f"{name} in {language}: {'; '.join(found) or 'fine'}")
        return found

    def _look(self, page: Page, label: str, width: int, rules: Mapping[str, Any]) -> list[str]:
        overflow = _width(page) - width
        if self.pictures:
            (self.into / f"{label}.png").write_bytes(_shot(page, width, min(TALLEST, _height(page))))
        self.taken += 1
        found = [f"scrolls sideways by {overflow} px"] if overflow > 0 else []
        # axe is a script itself.
        return found + (findings(page, rules) if self.axe and self.script else [])

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
        sign_in(context.new_page(), self.url, email, password)
        session = context.storage_state()
        context.close()
        return session, self._of(browser, session, pages, first_of)

    def _of(
        self,
        browser: Browser,
        session: Any,
        pages: Mapping[str, str],
        first_of: Mapping[str, tuple[str, ...]],
    ) -> dict[str, str]:
        """The pages, and those that are the first of a list."""
        context = browser.new_context(storage_state=session)
        page = context.new_page()
        found = dict(pages)
        for name, (listed, *steps) in first_of.items():
            address = self._there(page, listed, steps)
            if address is None:
                self.say(f"{name}: nothing to show on {listed}")
            else:
                found[name] = address
        context.close()
        return found
