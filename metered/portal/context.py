"""What every page knows besides its own matter: the operator, the menu, and who is looking."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from metered.accounts.queries import accounts_of_for_system


def portal(request: HttpRequest) -> dict[str, Any]:
    """`operator`, `nav`, `me`, `viewer`, `membership`, `demo`; no query until a template wants accounts."""
    membership = getattr(request, "membership", None)
    # The API's pages have no user at all.
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "operator": operator(),
        "nav": _nav(request) if membership else [],
        "me": _me(request, membership) if signed_in else None,
        "viewer": getattr(request, "viewer", None),
        "membership": membership,
        "demo": settings.DEMO,
    }


def operator() -> dict[str, Any]:
    """The company that runs the portal, from the settings; needs no request and no database."""
    links = [{"label": _("Mails sent in this demo"), "url": reverse("demo_outbox")}] if settings.DEMO else []
    return {"logo": "", "links": links, **settings.OPERATOR}


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    pages = [
        (_("Overview"), reverse("overview")),
        (_("Devices"), reverse("devices")),
        (_("Supplies"), reverse("supplies")),
        (_("Orders"), reverse("orders")),
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
