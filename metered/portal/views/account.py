"""For which account a person acts."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from metered.accounts.middleware import SESSION_KEY
from metered.accounts.people_queries import requests_of_for_system
from metered.accounts.queries import accounts_of_for_system

LISTS = ("devices", "supplies", "stock", "orders", "addresses")
"""Pages that every account has. One thing's page belongs to one account only."""


@require_POST
def switch_account(request: HttpRequest) -> HttpResponse:
    """Acts from now on for another account of the person's own; any other looks like a missing one.

    Leads back to the list in `next`, else to the overview.
    """
    chosen = request.POST.get("account", "")
    mine = accounts_of_for_system(request.user.pk) if request.user.pk is not None else ()
    if chosen not in [account.public_id for account in mine]:
        raise Http404
    request.session[SESSION_KEY] = chosen
    came_from = request.POST.get("next", "")
    return redirect(next((name for name in LISTS if came_from == reverse(name)), "overview"))


def no_account(request: HttpRequest) -> HttpResponse:
    """What to do when a signed-in person acts for no account; support staff have their own desk."""
    if getattr(request, "membership", None) is not None:
        return redirect("overview")
    if getattr(request.user, "is_staff", False):
        return redirect("admin:index")
    waiting = requests_of_for_system(request.user.pk or 0)
    return render(request, "portal/no_account.html", {"waiting": waiting})
