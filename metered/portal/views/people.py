"""Who acts for an account: owners let people in, change what they may do, and let them go."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from metered.accounts import joining, people_queries
from metered.accounts import people as actions
from metered.accounts.access import Viewer, for_viewers, viewer_of
from metered.accounts.limits import allowed
from metered.accounts.people_forms import InviteForm, KeepForm, PartForm, PeopleForm
from metered.accounts.words import part, role_name
from metered.lib import keyset, wording
from metered.lib.errors import Refused
from metered.portal.presentation import people as words
from metered.portal.queries import people as queries


@for_viewers("manage", whole=True)
def people(request: HttpRequest) -> HttpResponse:
    """Who asks to join, who belongs, and who is invited."""
    viewer, now = viewer_of(request), timezone.now()
    form = PeopleForm(request.GET)
    asked = form.wanted()
    found = queries.people(
        viewer,
        now,
        search=asked["search"],
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context: dict[str, Any] = {
        "form": form,
        "rows": found.rows,
        "narrowed": bool(asked["search"]),
        "said": words.found(found.found, found.count),
        **keyset.links(found.newer, found.older, asked),
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "accounts/people.html#list", context)
    invitations, more_invitations = queries.invitations(viewer, now)
    requests, more_requests = queries.requests(viewer)
    context |= {
        "heading": words.heading(found.count, cast(Any, request).membership.account.name),
        "searchable": found.count > 10 or bool(asked["search"]),
        "invitations": invitations,
        "more_invitations": words.more(more_invitations),
        "requests": requests,
        "more_requests": words.more(more_requests),
    }
    return render(request, "accounts/people.html", context)


@for_viewers("manage", whole=True)
def invite(request: HttpRequest) -> HttpResponse:
    """Asks somebody in by mail."""
    viewer = viewer_of(request)
    form = InviteForm(
        request.POST if request.method == "POST" else None,
        addresses=_addresses(viewer),
        initial={"role": "orderer"},
    )
    if request.method == "POST" and form.is_valid():
        day = dt.timedelta(days=1)
        if not allowed("invite", str(viewer.account_id), at_most=settings.INVITATIONS_PER_DAY, within=day):
            form.add_error(None, _("That were many invitations for one day. Call us, or go on tomorrow."))
        else:
            try:
                actions.invite(
                    account_id=viewer.account_id,
                    actor=_actor(request),
                    email=form.cleaned_data["email"],
                    role=form.cleaned_data["role"],
                    addresses=form.limits,
                )
                messages.success(
                    request, _("%(email)s is invited.") % {"email": form.cleaned_data["email"].lower()}
                )
                return redirect("people")
            except Refused as refused:
                form.add_error(None, refused.reason)
    return render(request, "accounts/person_invite.html", {"form": form})


@require_POST
@for_viewers("manage", whole=True)
def send_again(request: HttpRequest, public_id: str) -> HttpResponse:
    row = queries.invitation(viewer_of(request), public_id)
    if row is None:
        raise Http404
    try:
        sent = actions.send_again(invitation=row, actor=_actor(request))
        day = wording.long_day(wording.local(sent.expires_at).date())
        messages.success(
            request,
            _("The invitation of %(email)s was sent again. It holds until %(day)s.")
            % {"email": row.email, "day": day},
        )
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("people")


@require_POST
@for_viewers("manage", whole=True)
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    row = queries.invitation(viewer_of(request), public_id)
    if row is None:
        raise Http404
    try:
        actions.withdraw(invitation=row, actor=_actor(request))
        messages.success(request, _("The invitation of %(email)s is taken back.") % {"email": row.email})
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("people")


@for_viewers("manage", whole=True)
def person(request: HttpRequest, public_id: str) -> HttpResponse:
    """One member: what they may do, and the ways to change that."""
    viewer = viewer_of(request)
    row = people_queries.member(viewer, public_id)
    if row is None:
        raise Http404
    mine = [address.public_id for address in row.addresses.all()]
    form = PartForm(
        request.POST if request.method == "POST" else None,
        addresses=_addresses(viewer),
        initial={"role": row.role, "scope": "some" if row.limited else "all", "addresses": mine},
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = actions.change(
                membership=row,
                actor=_actor(request),
                role=form.cleaned_data["role"],
                addresses=form.limits,
            )
            said = _("Saved. It counts from now on.") if changed else _("Nothing was changed.")
            messages.success(request, said)
            # Who gave their own part away may not come back here.
            return redirect("overview" if row.user_id == viewer.user_id else "people")
        except Refused as refused:
            form.add_error(None, refused.reason)
    return render(request, "accounts/person.html", _about(request, row, form))


def _about(request: HttpRequest, row: Any, form: PartForm) -> dict[str, Any]:
    now = timezone.now()
    names = [address.name for address in row.addresses.all()]
    return {
        "form": form,
        "keep": KeepForm(),
        "public_id": row.public_id,
        "name": str(row.user),
        "email": row.user.email,
        "part": part(row.role, names, limited=row.limited),
        "last": wording.ago(row.user.last_login, now) if row.user.last_login else _("not yet"),
        "you": row.user_id == request.user.pk,
        "owns": row.role == "owner" and not row.limited,
        "closed": not row.user.is_active,
        "account_name": row.account.name,
    }


@require_POST
@for_viewers("manage", whole=True)
def remove(request: HttpRequest, public_id: str) -> HttpResponse:
    row = people_queries.member(viewer_of(request), public_id)
    if row is None:
        raise Http404
    try:
        actions.remove(membership=row, actor=_actor(request))
        messages.success(request, _("%(person)s is out, from now on.") % {"person": row.user})
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("people")


@require_POST
@for_viewers("manage", whole=True)
def hand_over(request: HttpRequest, public_id: str) -> HttpResponse:
    viewer = viewer_of(request)
    row = people_queries.member(viewer, public_id)
    if row is None:
        raise Http404
    form = KeepForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say as what you stay on; nothing was handed over."))
        return redirect("person", public_id)
    try:
        actions.hand_over(
            membership=people_queries.own_membership(viewer), successor=row, keep=form.cleaned_data["keep"]
        )
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("person", public_id)
    messages.success(
        request,
        _("%(person)s owns the account now. You stay on as: %(role)s.")
        % {"person": row.user, "role": role_name(form.cleaned_data["keep"])},
    )
    return redirect("overview")


@for_viewers()
def leave(request: HttpRequest) -> HttpResponse:
    """Somebody goes by themselves: said first, then done."""
    own = people_queries.own_membership(viewer_of(request))
    if request.method == "POST":
        try:
            actions.leave(membership=own)
            messages.success(request, _("You left %(account)s.") % {"account": own.account.name})
            return redirect("overview")
        except Refused as refused:
            messages.error(request, refused.reason)
    return render(
        request, "accounts/leave.html", {"account_name": own.account.name, "owner": own.role == "owner"}
    )


@for_viewers("manage", whole=True)
def join_request(request: HttpRequest, public_id: str) -> HttpResponse:
    """Somebody asks to join: with which part?"""
    viewer = viewer_of(request)
    row = queries.join_request(viewer, public_id)
    if row is None:
        raise Http404
    form = PartForm(
        request.POST if request.method == "POST" else None,
        addresses=_addresses(viewer),
        initial={"role": "viewer"},
    )
    if request.method == "POST" and form.is_valid():
        try:
            joining.approve(
                request=row,
                actor=_actor(request),
                role=form.cleaned_data["role"],
                addresses=form.limits,
            )
            messages.success(request, _("%(person)s is in, and told by mail.") % {"person": row.user})
            return redirect("people")
        except Refused as refused:
            form.add_error(None, refused.reason)
    context = {
        "form": form,
        "public_id": row.public_id,
        "name": str(row.user),
        "email": row.user.email,
        "serial": row.serial,
        "asked": wording.stamp(row.created_at, zone=True),
    }
    return render(request, "accounts/join_request.html", context)


@require_POST
@for_viewers("manage", whole=True)
def decline(request: HttpRequest, public_id: str) -> HttpResponse:
    row = queries.join_request(viewer_of(request), public_id)
    if row is None:
        raise Http404
    try:
        joining.decline(request=row, actor=_actor(request))
        messages.success(request, _("%(person)s stays out, and is told by mail.") % {"person": row.user})
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("people")


def _addresses(viewer: Viewer) -> list[Any]:
    return list(people_queries.addresses_in_use_for_system(viewer.account_id))


def _actor(request: HttpRequest) -> Any:
    return request.user
