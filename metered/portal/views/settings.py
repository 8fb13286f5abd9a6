"""What a person says of themselves: name, language, time zone, and which mails come how."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from metered.accounts import actions
from metered.accounts.queries import mail_choices, mail_kind_in_words
from metered.notify.rendering import read_stop_token
from metered.portal.forms import SettingsForm

YEAR = 365 * 24 * 3600


def person(request: HttpRequest) -> HttpResponse:
    """The person's own settings; for anybody who is signed in, whatever they may do for an account."""
    user = cast(Any, request.user)
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = SettingsForm(request.POST or None, initial=initial, mails=mail_choices(user.pk))
    if request.method == "POST" and form.is_valid():
        actions.choose_settings(user=user, **form.chosen())
        translation.activate(form.cleaned_data["language"] or translation.get_language())
        messages.success(request, _("Saved. Pages and mails follow it from now on."))
        return redirect("settings")
    return render(request, "portal/settings.html", {"form": form})


def _from_elsewhere(request: HttpRequest) -> bool:
    origin = request.headers.get("Origin")
    return origin is not None and origin != f"{request.scheme}://{request.get_host()}"


# Without a CSRF token, which would make each page differ from the next; the browser says where it is from.
@csrf_exempt
@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Another language for this browser, and for the person who is signed in. Leads back to `next`."""
    if _from_elsewhere(request):
        raise PermissionDenied
    language = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    answer = redirect(back)
    if language in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, secure=settings.HTTPS, samesite="Lax"
        )
        if request.user.is_authenticated:
            actions.choose_language(user=cast(Any, request.user), language=language)
    return answer


# A mail program posts here by itself (RFC 8058) and has no page of ours to take a CSRF token from; the token
# in the address is what says whose mails stop.
@csrf_exempt
@login_not_required
def stop_mail(request: HttpRequest, token: str) -> HttpResponse:
    """No more mails of a kind: opening the page changes nothing, its button does. The same for any e-mail."""
    read = read_stop_token(token)
    kind = mail_kind_in_words(read[1]) if read else None
    if read is None or kind is None:
        return render(request, "portal/stop_mail.html", {"known": False}, status=404)
    if request.method == "POST":
        actions.stop_mail(email=read[0], kind=read[1])
    return render(
        request, "portal/stop_mail.html", {"known": True, "kind": kind, "stopped": request.method == "POST"}
    )
