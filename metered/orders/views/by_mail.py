"""“Not now” from the announcement's mail: one click, a page that says what and why, and a button."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache

from metered.lib.errors import Refused
from metered.lib.zones import time_zone_or_none
from metered.orders import actions, queries, tokens
from metered.orders.forms_ordering import NotNowForm
from metered.orders.sheet import sheet
from metered.orders.views.after import say_not_now

STATUS = {"expired": 410, "changed": 404, "foreign": 403}


@login_not_required
@never_cache
def not_now_by_mail(request: HttpRequest, token: str) -> HttpResponse:
    """Who has the mail may hold the order it announced, without signing in. Opening it changes nothing."""
    named = tokens.read(token)
    if isinstance(named, str):
        return render(request, "orders/not_now_bad.html", {"why": named}, status=STATUS[named])
    person, account = named.person, named.order.account
    language = (person.language if person else "") or account.language
    zone = time_zone_or_none((person.time_zone if person else "") or account.time_zone)
    with translation.override(language or translation.get_language()), timezone.override(zone):
        response = _answer(request, token, named)
    return response


def _answer(request: HttpRequest, token: str, named: tokens.Named) -> HttpResponse:
    whole, now = queries.whole_for_system(named.order), timezone.now()
    shown = sheet(whole, now)
    form = NotNowForm(
        request.POST if request.method == "POST" and "undo" not in request.POST else None,
        lines=shown.announced_lines,
        today=timezone.localdate(),
    )
    if request.method == "POST":
        try:
            if "undo" in request.POST:
                actions.resume(order=named.order, actor=named.person)
                return redirect("not_now_by_mail", token)
            if not shown.announced_lines:
                actions.hold(order=named.order, actor=named.person)
            if form.is_valid():
                say_not_now(whole, form, named.person)
                return redirect("not_now_by_mail", token)
        except Refused as refused:
            messages.error(request, refused.reason)
            return redirect("not_now_by_mail", token)
    context = {
        "order": shown,
        "form": form,
        "person": named.person,
        "signed_in": request.user.is_authenticated,
    }
    return render(request, "orders/not_now.html", context)
