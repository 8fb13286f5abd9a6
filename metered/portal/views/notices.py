"""Notices, and updates by e-mail."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from metered.lib.errors import Refused
from metered.lib.limits import within
from metered.portal import publishing
from metered.portal.context import NOTICES_COOKIE
from metered.portal.presentation import notices as words
from metered.portal.public_forms import UpdatesForm
from metered.portal.queries import notices as queries
from metered.portal.views.public import back, public_page

KEPT = 20
OVER = 20
AN_HOUR, MOST = 3600, 60
"""So many addresses may be entered from one network address in an hour; a company shares one."""


def put_away(request: HttpRequest) -> frozenset[str]:
    """Names of the notices that this browser remembers as read."""
    return frozenset(request.COOKIES.get(NOTICES_COOKIE, "").split("~"))


@require_safe
@public_page
def notices(request: HttpRequest) -> HttpResponse:
    """What holds now, and what is over."""
    now = timezone.now()
    current = [words.told(row, now, whole=True) for row in queries.notices_for_system(now)[:50]]
    return render(
        request,
        "portal/notice_list.html",
        {
            "heading": words.heading(len(current)),
            "rows": current,
            "over": [words.told(row, now) for row in queries.over_for_system(now)[:OVER]],
            "form": UpdatesForm(auto_id="updates-%s"),
        },
    )


@require_safe
@public_page
def notice(request: HttpRequest, public_id: str) -> HttpResponse:
    """One notice, also one that is over."""
    now = timezone.now()
    row = queries.notice_for_system(public_id, now)
    if row is None:
        raise Http404
    over = row.ends_at is not None and row.ends_at <= now
    return render(
        request, "portal/notice_detail.html", {"notice": words.told(row, now, whole=True), "over": over}
    )


@login_not_required
@require_POST
def dismiss(request: HttpRequest, public_id: str) -> HttpResponse:
    """Takes a banner away until the notice changes: for the person, or for this browser."""
    row = queries.notice_for_system(public_id, timezone.now())
    if row is None:
        raise Http404
    response = redirect(back(request, reverse("overview")))
    if request.user.is_authenticated:
        publishing.dismiss(notice=row, user_id=int(request.user.pk or 0))
        return response
    names = [name for name in put_away(request) if name.partition(".")[0] != public_id][: KEPT - 1]
    response.set_cookie(
        NOTICES_COOKIE,
        "~".join([*filter(None, names), queries.name_of(row)]),
        max_age=180 * 86400,
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    return response


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def updates(request: HttpRequest) -> HttpResponse:
    """Asks for updates. The same answer for every address, whether or not it gets them already."""
    form = UpdatesForm(request.POST or None, auto_id="updates-%s")
    if request.method != "POST" or not form.is_valid():
        return render(request, "portal/updates.html", {"form": form})
    who = get_adapter().get_client_ip(request)
    if not within("updates", who, most=MOST, seconds=AN_HOUR):
        form.add_error(
            None, _("That was asked for too often from here. Try again in an hour, or call support.")
        )
        return render(request, "portal/updates.html", {"form": form}, status=429)
    publishing.ask_for_updates(
        email=form.cleaned_data["email"],
        language=get_language() or "en",
        time_zone=str(timezone.get_current_timezone_name()),
    )
    return redirect("updates_asked")


@require_safe
@public_page
def updates_asked(request: HttpRequest) -> HttpResponse:
    """Look into your mail."""
    return render(request, "portal/updates_asked.html")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_updates(request: HttpRequest, public_id: str) -> HttpResponse:
    """The link of the mail: a button, since mail programs open links by themselves; the button confirms."""
    row = queries.subscription_by_key_for_system(public_id)
    if request.method == "POST":
        try:
            publishing.confirm_updates(key=public_id)
        except Refused as refused:
            messages.error(request, refused.reason)
            return redirect("updates")
        messages.success(request, _("Done. You get an update when we publish a notice."))
        return redirect("notices")
    if row is None:
        raise Http404
    return render(request, "portal/updates_confirm.html", {"email": row.email, "done": row.confirmed_at})


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave_updates(request: HttpRequest, public_id: str) -> HttpResponse:
    """No more updates.

    A mail program posts here by itself and without a token (RFC 8058): who holds the link may do this and
    nothing else.
    """
    if request.method == "POST":
        publishing.leave_updates(public_id=public_id)
        return render(request, "portal/updates_left.html")
    row = queries.subscription_for_system(public_id)
    if row is None:
        return render(request, "portal/updates_left.html")
    return render(request, "portal/updates_leave.html", {"email": row.email, "public_id": public_id})
