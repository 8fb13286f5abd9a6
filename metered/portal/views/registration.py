"""Coming in: registering, the links that are mailed, and the page that says what to do first."""

from __future__ import annotations

import datetime as dt
from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.models import Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from metered.accounts import joining, people
from metered.accounts import people_queries as queries
from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.limits import allowed, network
from metered.accounts.middleware import SESSION_KEY
from metered.accounts.people_forms import AgainForm, NewcomerForm, RegistrationForm
from metered.accounts.words import part, role_means
from metered.lib import wording
from metered.lib.errors import Refused
from metered.portal.presentation.welcome import steps

HOUR = dt.timedelta(hours=1)
GONE = {"unknown": 404, "used": 410, "expired": 410, "withdrawn": 410}


@login_not_required
def register(request: HttpRequest) -> HttpResponse:
    """Serial, place, name, e-mail. The answer is the same whether or not they match: that comes by mail."""
    user: Any = request.user
    known = {"name": user.name, "email": user.email} if user.is_authenticated else {}
    form = RegistrationForm(request.POST if request.method == "POST" else None, initial=known)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/register.html", {"form": form})
    values = form.cleaned_data
    if not _may_try(request, values["email"]):
        return _too_often(request, "accounts/register.html", form)
    joining.register(**values, language=get_language() or settings.LANGUAGE_CODE)
    return redirect("register_sent")


@login_not_required
def register_sent(request: HttpRequest) -> HttpResponse:
    """Look into your mail. Nothing came? Then once more, for the same registration."""
    form = AgainForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/register_sent.html", {"form": form})
    if not _may_try(request, form.cleaned_data["email"]):
        return _too_often(request, "accounts/register_sent.html", form)
    language = get_language() or settings.LANGUAGE_CODE
    joining.register(serial="", place="", name="", email=form.cleaned_data["email"], language=language)
    messages.info(request, _("If your last mail is more than an hour old, another one is on its way."))
    return redirect("register_sent")


def _may_try(request: HttpRequest, email: str) -> bool:
    """Counts a try for the network and for the address: both, so that neither count tells of the other."""
    by_network = allowed(
        "register-network", network(request), at_most=settings.REGISTRATIONS_PER_NETWORK, within=HOUR
    )
    by_address = allowed(
        "register-address", email.lower(), at_most=settings.REGISTRATIONS_PER_ADDRESS, within=HOUR
    )
    return by_network and by_address


def _too_often(request: HttpRequest, template: str, form: Any) -> HttpResponse:
    response = render(request, template, {"form": form, "too_often": True}, status=429)
    response["Retry-After"] = str(int(HOUR.total_seconds()))
    return response


@login_not_required
@never_cache
def activate(request: HttpRequest, token: str) -> HttpResponse:
    """A registration's link. Looking uses nothing up; the button does."""
    door = queries.activation(token, request.user)
    form = _newcomer_form(request, door)
    if request.method == "POST" and _may_enter(door, form):
        try:
            return _enter(
                request, joining.activate(public_id=door.public_id, **_answers(request, door, form))
            )
        except Refused as refused:
            messages.error(request, refused.reason)
            door = queries.activation(token, request.user)
    return _door_page(request, "accounts/activate.html", door, form)


@login_not_required
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """An invitation's link. Looking uses nothing up; the button does."""
    door = queries.invited(token, request.user)
    form = _newcomer_form(request, door)
    if request.method == "POST" and _may_enter(door, form):
        try:
            return _enter(request, people.accept(public_id=door.public_id, **_answers(request, door, form)))
        except Refused as refused:
            messages.error(request, refused.reason)
            door = queries.invited(token, request.user)
    row = door.invitation
    more: dict[str, Any] = {}
    if row is not None:
        names = [address.name for address in row.addresses.all()]
        more = {
            "part": part(row.role, names, limited=row.limited),
            "means": role_means(row.role),
            "invited_by": str(row.invited_by or ""),
        }
    return _door_page(request, "accounts/invitation.html", door, form, **more)


def _newcomer_form(request: HttpRequest, door: queries.Door) -> NewcomerForm | None:
    if not door.is_open or door.who != "newcomer":
        return None
    data = request.POST if request.method == "POST" else None
    return NewcomerForm(data, email=door.email, initial={"name": door.name})


def _may_enter(door: queries.Door, form: NewcomerForm | None) -> bool:
    return door.is_open and (form.is_valid() if form else door.who == "here")


def _answers(request: HttpRequest, door: queries.Door, form: NewcomerForm | None) -> dict[str, Any]:
    if form is None:
        return {"user": request.user}
    return {"user": None, "name": form.cleaned_data["name"], "password": form.cleaned_data["password"]}


def _door_page(
    request: HttpRequest, template: str, door: queries.Door, form: NewcomerForm | None, **more: Any
) -> HttpResponse:
    context = {
        "door": door,
        "form": form,
        "until": wording.stamp(door.expires_at, zone=True) if door.expires_at else "",
        **more,
    }
    return render(request, template, context, status=GONE.get(door.state, 200))


def _enter(request: HttpRequest, entered: joining.Entered) -> HttpResponse:
    """Signs a new person in, and leads everybody to what they should do first."""
    target = reverse("no_account") if entered.waits else reverse("welcome")
    response: HttpResponse = redirect(target)
    if entered.is_new:
        email = entered.user.email
        login = Login(user=entered.user, email=email, redirect_url=target)
        response = perform_password_login(request, {"email": email}, login)
        # The password was typed just now: who adds a passkey need not type it once more.
        reauthenticate_by_password(request)
    if not entered.waits:
        request.session[SESSION_KEY] = entered.account.public_id
    return response


@for_viewers()
def welcome(request: HttpRequest) -> HttpResponse:
    """What to do first, by what the person may do."""
    viewer = viewer_of(request)
    own = queries.own_membership(viewer)
    return render(
        request,
        "accounts/welcome.html",
        {
            "account_name": own.account.name,
            "steps": steps(
                own.role, whole=viewer.address_ids is None, has_passkey=queries.has_passkey(viewer)
            ),
        },
    )
