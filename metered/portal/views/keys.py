"""A person's keys for programs: made here, shown once, revoked here."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.keys import keys_of, make_key, revoke_key
from metered.lib import wording
from metered.lib.errors import Refused
from metered.portal.forms import KeyForm


@never_cache
@for_viewers()
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of the person in this account, and the form for a new one. A new key stands in one answer."""
    viewer, user = viewer_of(request), cast(Any, request.user)
    form, made = KeyForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            made = make_key(user=user, account_id=viewer.account_id, name=form.cleaned_data["name"])
            form = KeyForm()
        except Refused as refused:
            form.add_error(None, refused.reason)
    rows = [
        {
            "public_id": key.public_id,
            "name": key.name,
            "hint": key.hint,
            "made": wording.full_day(wording.local(key.created_at).date()),
            "used": wording.full_day(key.used_on) if key.used_on else "",
        }
        for key in keys_of(user, viewer.account_id)
    ]
    return render(request, "portal/keys.html", {"form": form, "made": made, "rows": rows})


@require_POST
@for_viewers()
def key_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    viewer, user = viewer_of(request), cast(Any, request.user)
    for key in keys_of(user, viewer.account_id):
        if key.public_id == public_id:
            revoke_key(key=key, actor=user)
            messages.success(request, _("Revoked. A program that still has it is refused from now on."))
            return redirect("keys")
    raise Http404
