"""Device agents: how they are, enrolling, renaming and revoking. They are the whole account's."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from metered.accounts.access import Viewer, for_viewers, viewer_of
from metered.fleet import actions
from metered.lib import keyset
from metered.lib.errors import Refused
from metered.portal.agent_forms import AgentForm
from metered.portal.presentation import agents as words
from metered.portal.queries import agents as queries


def _agent(viewer: Viewer, public_id: str) -> Any:
    found = queries.agent(viewer, public_id)
    if found is None:
        raise Http404
    return found


def _actor(request: HttpRequest) -> Any:
    return cast(Any, request.user)


@for_viewers(whole=True)
def agents(request: HttpRequest) -> HttpResponse:
    """Every agent with its last contact, or those that were revoked."""
    viewer, now = viewer_of(request), timezone.now()
    which = "revoked" if request.GET.get("which") == "revoked" else ""
    page = queries.page(
        viewer, which, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {
        "rows": [words.row(row, now) for row in page.rows],
        "revoked": which == "revoked",
        "any_revoked": queries.any_revoked(viewer),
        "heading": _("Agents that were revoked") if which else words.heading(queries.all_in_use(viewer), now),
        "may_manage": viewer.may("manage"),
        "site_url": settings.SITE_URL,
        **keyset.links(page.newer, page.older, {"which": which} if which else {}),
    }
    return render(request, "portal/agent_list.html", context)


@for_viewers(whole=True)
def agent(request: HttpRequest, public_id: str) -> HttpResponse:
    """One agent: what is the matter, what it says of itself, what was refused, and its devices.

    htmx asks for what has become of its code.
    """
    viewer, now = viewer_of(request), timezone.now()
    found = queries.one(viewer, public_id)
    if found is None:
        raise Http404
    if request.htmx:  # type: ignore[attr-defined]
        shown = {"public_id": public_id, "waiting": words.waiting(found["code"], now)}
        return render(request, "portal/agent_code.html#waiting", shown)
    page = queries.devices(
        viewer,
        found["id"],
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "agent": words.sheet(found, now, may_order=viewer.may("order")),
        "rows": [words.device_row(row, now) for row in page.rows],
        "may_manage": viewer.may("manage"),
        **keyset.links(page.newer, page.older),
    }
    return render(request, "portal/agent_detail.html", context)


@for_viewers("manage", whole=True)
@never_cache
def agent_new(request: HttpRequest) -> HttpResponse:
    """Names an agent, and shows the code that it enrols with. Sent twice: the same agent, a new code."""
    viewer = viewer_of(request)
    form = AgentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.add_agent(
                account_id=viewer.account_id, name=form.cleaned_data["name"], actor=_actor(request)
            )
            return _code_page(request, made)
        except Refused as refused:
            form.add_error("name", refused.reason)
    return render(request, "portal/agent_new.html", {"form": form})


@for_viewers("manage", whole=True)
@never_cache
def agent_code(request: HttpRequest, public_id: str) -> HttpResponse:
    """Says what a new code means, then makes one and shows it."""
    viewer = viewer_of(request)
    row = _agent(viewer, public_id)
    if request.method == "POST":
        try:
            return _code_page(request, row)
        except Refused as refused:
            messages.error(request, refused.reason)
            return redirect("agent", public_id)
    found = queries.one(viewer, public_id)
    return render(request, "portal/agent_code_new.html", {"agent": found})


def _code_page(request: HttpRequest, row: Any) -> HttpResponse:
    """The code, once: it stands in this answer and nowhere else."""
    made = actions.make_code(agent=row, actor=_actor(request))
    now = timezone.now()
    context = {
        "public_id": row.public_id,
        "name": row.name,
        "code": made.text,
        "command": words.command(made.text),
        "holds": words.holds(made.expires_at),
        "waiting": words.waiting(queries.code(viewer_of(request), row.public_id), now),
    }
    return render(request, "portal/agent_code.html", context)


@for_viewers("manage", whole=True)
def agent_rename(request: HttpRequest, public_id: str) -> HttpResponse:
    row = _agent(viewer_of(request), public_id)
    form = AgentForm(request.POST if request.method == "POST" else None, initial={"name": row.name})
    if request.method == "POST" and form.is_valid():
        try:
            actions.rename_agent(agent=row, name=form.cleaned_data["name"], actor=_actor(request))
            messages.success(request, _("Saved."))
            return redirect("agent", public_id)
        except Refused as refused:
            form.add_error("name", refused.reason)
    return render(request, "portal/agent_rename.html", {"form": form, "agent": row})


@for_viewers("manage", whole=True)
def agent_revoke(request: HttpRequest, public_id: str) -> HttpResponse:
    """Says what revoking means for its devices, then does it."""
    viewer = viewer_of(request)
    row = _agent(viewer, public_id)
    if request.method == "POST":
        actions.revoke_agent(agent=row, actor=_actor(request))
        messages.success(request, _("%(agent)s is revoked: it can't report any more.") % {"agent": row.name})
        return redirect("agents")
    found = queries.one(viewer, public_id)
    assert found is not None
    return render(request, "portal/agent_revoke.html", {"agent": row, "means": words.revoking(found)})
