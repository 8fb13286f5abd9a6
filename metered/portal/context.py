"""What every page knows besides its own matter: the operator, the menu, and who is looking."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from metered.accounts.access import Ability
from metered.accounts.queries import accounts_of_for_system
from metered.lib import hour_words, hours
from metered.portal.presentation.notices import told
from metered.portal.queries.notices import banners_for_system

NOTICES_COOKIE = "notices"
"""What a browser without a sign-in has put away: names of notices, parted by tildes."""


def portal(request: HttpRequest) -> dict[str, Any]:
    """`operator`, `nav`, `nav_public`, `notices`, `me`, `viewer`, `membership`, `demo`; no query
    until a template wants accounts or notices."""
    membership = getattr(request, "membership", None)
    # The API's pages have no user at all.
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "operator": operator() | {"help": SimpleLazyObject(lambda: _help(request))},
        "nav": _nav(request) if membership else [],
        "nav_public": _nav_public(request) if not signed_in else [],
        "notices": SimpleLazyObject(lambda: _banners(request)),
        "me": _me(request, membership) if signed_in else None,
        "viewer": getattr(request, "viewer", None),
        "membership": membership,
        "demo": settings.DEMO,
        "languages": settings.LANGUAGES,
    }


def operator() -> dict[str, Any]:
    """The company that runs the portal, from the settings; needs no request and no database."""
    links = [{"label": label, "url": url} for label, url in _public_links()]
    if settings.DEMO:
        links.append({"label": _("Mails sent in this demo"), "url": reverse("demo_outbox")})
    return {"logo": "", "links": links, **settings.OPERATOR}


def _public_links() -> list[tuple[str, str]]:
    """What stands under every page."""
    return [
        (_("Support"), reverse("support")),
        (_("User guide"), reverse("guide")),
        (_("Notices"), reverse("notices")),
        (_("Is my printer eligible?"), reverse("eligibility")),
        (_("Can my printer still report?"), reverse("can_report")),
        (_("How replenishment works"), reverse("replenishment_explained")),
        (_("Contract terms explained"), reverse("contract_terms")),
        (_("Returns policy"), reverse("returns_policy")),
        (_("Recycling"), reverse("recycling")),
        (_("Accessibility"), reverse("accessibility")),
        (_("Privacy"), reverse("privacy")),
    ]


def _help(request: HttpRequest) -> hour_words.Help:
    """Is somebody there now? In the viewer's time as well, where we know it."""
    now = timezone.now()
    known = getattr(request, "viewer", None) is not None
    zone = timezone.get_current_timezone() if known else None
    found = hours.state(settings.SUPPORT_HOURS, now)
    return hour_words.help_now(settings.SUPPORT_HOURS, found, now, zone)


def _banners(request: HttpRequest) -> list[Any]:
    """Notices that stand on top of the page until this person or this browser puts them away."""
    now = timezone.now()
    user = getattr(request, "user", None)
    user_id = int(user.pk) if user is not None and user.is_authenticated and user.pk is not None else None
    put_away = frozenset(request.COOKIES.get(NOTICES_COOKIE, "").split("~"))
    return [told(row, now) for row in banners_for_system(now, user_id=user_id, put_away=put_away)]


def _nav_public(request: HttpRequest) -> list[dict[str, Any]]:
    pages = [
        (_("Is my printer eligible?"), reverse("eligibility")),
        (_("Notices"), reverse("notices")),
        (_("User guide"), reverse("guide")),
        (_("Support"), reverse("support")),
    ]
    return [{"label": label, "url": url, "current": request.path.startswith(url)} for label, url in pages]


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    pages = [
        (_("Overview"), reverse("overview")),
        (_("Devices"), reverse("devices")),
        *([(_("Meter reads"), reverse("reads_due"))] if _may(request, "report") else []),
        (_("Supplies"), reverse("supplies")),
        (_("Stock"), reverse("stock")),
        (_("Orders"), reverse("orders")),
        (_("Returns"), reverse("returns")),
    ]
    home = reverse("overview")
    return [
        {
            "label": label,
            "url": url,
            "current": request.path == url if url == home else request.path.startswith(url),
        }
        for label, url in pages
    ]


def _may(request: HttpRequest, ability: Ability) -> bool:
    viewer = getattr(request, "viewer", None)
    return viewer is not None and viewer.may(ability)


def _me(request: HttpRequest, membership: Any) -> dict[str, Any]:
    user = request.user
    current = membership.account if membership else None
    return {
        "name": str(user),
        "email": getattr(user, "email", ""),
        "initials": getattr(user, "initials", ""),
        "account": {"name": current.name, "number": current.number} if current else None,
        "accounts": SimpleLazyObject(lambda: _accounts(int(user.pk or 0), current)),
        "switch_url": reverse("switch_account"),
        "manage": _manage(request),
        "is_staff": getattr(user, "is_staff", False),
    }


def _manage(request: HttpRequest) -> list[dict[str, str]]:
    """The pages about the whole account, for its owners; and for everybody the way out of it."""
    viewer = getattr(request, "viewer", None)
    if viewer is None:
        return []
    leave = {"label": _("Leave this account"), "url": reverse("leave")}
    if not viewer.may("manage") or viewer.address_ids is not None:
        return [leave]
    return [
        {"label": _("People"), "url": reverse("people")},
        {"label": _("Activity"), "url": reverse("activity")},
        leave,
    ]


def _accounts(user_id: int, current: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": row.name,
            "number": row.number,
            "public_id": row.public_id,
            "current": current is not None and row.pk == current.pk,
        }
        for row in accounts_of_for_system(user_id)
    ]
