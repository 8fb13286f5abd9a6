"""What people change about a device themselves, and what they ask us to change."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer, for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.fleet import actions
from metered.lib import keyset
from metered.lib.errors import Refused
from metered.portal.device_forms import AddForm, MoveForm, NameForm, RemoveForm, SerialForm, SwitchForm
from metered.portal.presentation import device_changes as words
from metered.portal.queries import device_changes as queries

KINDS = ("move", "remove", "serial")


def _device(request: HttpRequest, public_id: str) -> Any:
    found = queries.device(viewer_of(request), public_id)
    if found is None:
        raise Http404
    return found


def _to(request: HttpRequest, url: str) -> HttpResponse:
    """On to that page; a part of a page that htmx fetched takes the whole window there."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": url})
    return redirect(url)


@for_viewers("order")
def name(request: HttpRequest, public_id: str) -> HttpResponse:
    """Names a device and says where it stands; on its page in place, alone as a page of its own."""
    device = _device(request, public_id)
    now_is = {
        "name": device.name,
        "place": device.place,
        "seen_name": device.name,
        "seen_place": device.place,
    }
    form = NameForm(request.POST or None, initial=now_is)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            actions.rename_device(
                device=device,
                name=values["name"],
                place=values["place"],
                seen=(values["seen_name"], values["seen_place"]),
                actor=cast(Any, request.user),
            )
        except Refused as refused:
            form = _again(form, device, refused)
        else:
            messages.success(request, _("Saved."))
            return _to(request, reverse("device", args=[public_id]))
    page = "portal/device_name_form.html" + ("#form" if request.htmx else "")  # type: ignore[attr-defined]
    return render(request, page, {"form": form, "device": device})


def _again(form: NameForm, device: Any, refused: Refused) -> NameForm:
    """The form once more with what was typed, and with what stands there now as what was seen."""
    device.refresh_from_db()
    there_now = {"seen_name": device.name, "seen_place": device.place}
    again = NameForm({**form.cleaned_data, **there_now})
    again.is_valid()
    there = " · ".join(part for part in (device.name, device.place) if part) or _("nothing")
    text = _("%(why)s Now it says: %(there)s. Save once more to put your words in its place.")
    again.add_error(None, text % {"why": refused.reason, "there": there})
    return again


@for_viewers("order")
def replenishment(request: HttpRequest, public_id: str) -> HttpResponse:
    """Switches automatic replenishment on or off, after saying what that means."""
    device = _device(request, public_id)
    form = SwitchForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        on = form.cleaned_data["on"] == "1"
        try:
            actions.switch_replenishment(
                device=device, on=on, reason=form.cleaned_data["reason"], actor=cast(Any, request.user)
            )
        except Refused as refused:
            form.add_error(None, refused.reason)
        else:
            said = _("Automatic supplies are switched on. They start once its use is known.")
            messages.success(request, said if on else _("Automatic supplies are switched off."))
            return redirect("device", public_id)
    switch = words.switch(device)
    context = {
        "device": device,
        "form": form,
        "switch": switch,
        "means": words.means(not switch.on),
    }
    return render(request, "portal/device_replenishment.html", context)


@for_viewers("order")
def change(request: HttpRequest, public_id: str) -> HttpResponse:
    """Asks for a change that only staff can make: first what, then the form for it."""
    viewer, device = viewer_of(request), _device(request, public_id)
    kind = request.POST.get("kind") or request.GET.get("kind", "")
    context: dict[str, Any] = {
        "device": device,
        "waiting": words.waiting(queries.open_requests(viewer, device), timezone.now()),
    }
    if kind not in KINDS or device.removed_at is not None:
        return render(request, "portal/device_change.html", context)
    form = _form(kind, viewer, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        done = _ask(request, viewer, kind, form, device=device)
        if done is not None:
            return done
    heading, text = words.change_text(kind)
    context |= {"form": form, "kind": kind, "form_heading": heading, "form_text": text}
    return render(request, "portal/device_change.html", context)


@for_viewers("order")
def add(request: HttpRequest) -> HttpResponse:
    """Asks for a device to be added to the account."""
    viewer = viewer_of(request)
    # An agent found it: its serial number is known.
    known = {"serial": request.GET.get("serial", "")[:64]}
    form = _form("add", viewer, request.POST if request.method == "POST" else None, initial=known)
    if request.method == "POST" and form.is_valid():
        done = _ask(request, viewer, "add", form)
        if done is not None:
            return done
    return render(request, "portal/device_add.html", {"form": form})


def _form(kind: str, viewer: Viewer, data: Any, initial: dict[str, str] | None = None) -> forms.Form:
    offered = {"addresses": addresses(viewer).values_list("public_id", "name")}
    if kind == "add":
        return AddForm(data, initial=initial, **offered)
    if kind == "move":
        return MoveForm(data, **offered)
    return RemoveForm(data) if kind == "remove" else SerialForm(data)


def _ask(
    request: HttpRequest, viewer: Viewer, kind: str, form: forms.Form, device: Any = None
) -> HttpResponse | None:
    """Asks; None when that was refused, which then stands in the form."""
    values = form.cleaned_data
    try:
        actions.ask_for_change(
            account_id=viewer.account_id,
            kind=kind,
            actor=cast(Any, request.user),
            device=device,
            address=queries.address(viewer, values["address"]) if values.get("address") else None,
            serial=values.get("serial", ""),
            model_name=values.get("model", ""),
            note=values["note"],
        )
    except Refused as refused:
        form.add_error(None, refused.reason)
        return None
    messages.success(request, _("We have it. You are told by mail what became of it."))
    return redirect("device_requests")


@for_viewers()
def requests(request: HttpRequest) -> HttpResponse:
    """What was asked for, and what became of it."""
    viewer, now = viewer_of(request), timezone.now()
    page = queries.requests(viewer, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    return render(
        request,
        "portal/device_requests.html",
        {
            "heading": words.asked_heading(len(page.rows)),
            "rows": [words.request_row(row, now) for row in page.rows],
            "may_order": viewer.may("order"),
            **keyset.links(page.newer, page.older),
        },
    )
