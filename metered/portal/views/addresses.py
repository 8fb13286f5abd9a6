"""Shipping addresses: the list, one of them, and what owners do with them."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from metered.accounts import address_actions as accounts
from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.address_forms import AddressForm, ClosureForm
from metered.accounts.announcements import lines_of
from metered.accounts.postal import written
from metered.accounts.queries import stamp_of
from metered.lib import keyset, wording
from metered.lib.errors import Refused
from metered.portal import address_actions as actions
from metered.portal.presentation import addresses as words
from metered.portal.queries import addresses as queries


def _today() -> Any:
    return wording.local(timezone.now()).date()


def _actor(request: HttpRequest) -> Any:
    return cast(Any, request.user)


def _whole(request: HttpRequest, public_id: str, *, in_use: bool = False) -> queries.Whole:
    whole = queries.whole(viewer_of(request), public_id, _today())
    if whole is None or (in_use and whole.address.retired_at is not None):
        raise Http404
    return whole


@for_viewers()
def addresses(request: HttpRequest) -> HttpResponse:
    """Every address in use, with what ships there."""
    viewer, today = viewer_of(request), _today()
    page = queries.page(
        viewer, today, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {
        "heading": words.heading(len(page.rows)),
        "rows": [words.row(row, today) for row in page.rows],
        "may_add": viewer.may("manage") and viewer.address_ids is None,
        **keyset.links(page.newer, page.older),
    }
    return render(request, "portal/address_list.html", context)


@for_viewers()
def address(request: HttpRequest, public_id: str) -> HttpResponse:
    """One address: how it is written, who takes deliveries, when it is closed, what ships there."""
    return _show(request, _whole(request, public_id), ClosureForm())


def _show(request: HttpRequest, whole: queries.Whole, form: ClosureForm) -> HttpResponse:
    context = {
        "address": words.sheet(whole, _today()),
        "form": form,
        "may_manage": viewer_of(request).may("manage") and whole.address.retired_at is None,
        "may_report": viewer_of(request).may("report") and whole.address.retired_at is None,
    }
    return render(request, "portal/address_detail.html", context)


@for_viewers("manage")
def address_new(request: HttpRequest) -> HttpResponse:
    """Adds an address to the account; not for who is limited to some of its addresses."""
    viewer = viewer_of(request)
    if viewer.address_ids is not None:
        raise PermissionDenied
    account = queries.account_of(viewer)
    first = {"recipient": account.name}
    country = queries.usual_country(viewer)
    if request.method != "POST":
        form = AddressForm(country=country, initial=first)
        return render(request, "portal/address_form.html", {"form": form})
    if "reload" in request.POST:
        form = AddressForm(country=country, typed=request.POST)
        return render(request, "portal/address_form.html", {"form": form, "reloaded": True})
    form = AddressForm(request.POST, country=country)
    if form.is_valid():
        try:
            made = accounts.add_address(
                account=account,
                name=form.cleaned_data["name"],
                time_zone=form.cleaned_data["time_zone"],
                subdivision=form.checked.subdivision,
                wording=form.wording(),
                actor=_actor(request),
            )
        except Refused as refused:
            form.add_error("name", refused.reason)
        else:
            said = _("%(name)s is added. To have devices ship there, ask for a move on the device's page.")
            messages.success(request, said % {"name": made.name})
            return redirect("address", made.public_id)
    return render(request, "portal/address_form.html", {"form": form})


@for_viewers("manage")
def address_edit(request: HttpRequest, public_id: str) -> HttpResponse:
    """Changes an address; says before what that does to orders that have not been shipped."""
    whole = _whole(request, public_id, in_use=True)
    found = whole.address
    if request.method != "POST":
        return _form(request, whole, AddressForm(country=found.country, initial=_initial(whole)))
    if "reload" in request.POST:
        form = AddressForm(country=found.country, initial=_initial(whole), typed=request.POST)
        return _form(request, whole, form, reloaded=True)
    form = AddressForm(request.POST, country=found.country, initial=_initial(whole))
    if not form.is_valid():
        return _form(request, whole, form)
    try:
        changed = accounts.edit_address(
            address=found,
            name=form.cleaned_data["name"],
            time_zone=form.cleaned_data["time_zone"],
            subdivision=_subdivision(whole, form),
            wording=form.wording(),
            seen=form.cleaned_data["seen"],
            actor=_actor(request),
        )
    except Refused as refused:
        if refused.code != "changed_meanwhile":
            form.add_error("name" if refused.code == "name_taken" else None, refused.reason)
            return _form(request, whole, form)
        return _changed_meanwhile(request, public_id, form)
    if changed:
        messages.success(request, words.saved(words.sheet(_whole(request, public_id), _today())))
    else:
        messages.info(request, _("Nothing was different, so nothing is changed."))
    return redirect("address", public_id)


def _initial(whole: queries.Whole) -> dict[str, Any]:
    found, version = whole.address, whole.address.current
    worded = {
        name: getattr(version, name) if version else ""
        for name in (
            "recipient",
            "lines",
            "city",
            "region",
            "postal_code",
            "contact",
            "phone",
            "delivery_note",
        )
    }
    return worded | {
        "seen": stamp_of(found),
        "name": found.name,
        "country": found.country,
        "time_zone": found.time_zone,
        "at_first": found.country,
    }


def _subdivision(whole: queries.Whole, form: AddressForm) -> str:
    """Where addresses have no region, the one that is known stays as long as the town stays."""
    version = whole.address.current
    if any(part.name == "region" for part in form.parts) or version is None:
        return form.checked.subdivision
    worded = form.wording()
    same = all(worded[name] == getattr(version, name) for name in ("country", "city", "postal_code"))
    return whole.address.subdivision if same else ""


def _form(request: HttpRequest, whole: queries.Whole, form: AddressForm, **more: Any) -> HttpResponse:
    context = {"form": form, "address": words.sheet(whole, _today()), **more}
    return render(request, "portal/address_form.html", context)


def _changed_meanwhile(request: HttpRequest, public_id: str, form: AddressForm) -> HttpResponse:
    """Theirs and ours side by side; what was typed stays, and is saved when it is sent again."""
    whole = _whole(request, public_id, in_use=True)
    typed = request.POST.copy()
    typed["seen"] = stamp_of(whole.address)
    again = AddressForm(typed, country=whole.address.country, initial=_initial(whole))
    again.is_valid()
    mine = [*written(form.where, form.wording()), wording.country(form.where)]
    mine += [form.wording()[name] for name in ("contact", "phone", "delivery_note") if form.wording()[name]]
    version = whole.address.current
    return _form(
        request,
        whole,
        again,
        theirs=[whole.address.name, *lines_of(version)],
        theirs_by=str(version.created_by) if version and version.created_by else "",
        mine=[form.cleaned_data["name"], *mine],
    )


@for_viewers("manage")
def address_retire(request: HttpRequest, public_id: str) -> HttpResponse:
    """Takes an address out of use, or says what stands in the way."""
    whole = _whole(request, public_id)
    if request.method == "POST":
        try:
            actions.retire_address(address=whole.address, actor=_actor(request))
        except Refused as refused:
            messages.error(request, refused.reason)
            return redirect("address_retire", public_id)
        messages.success(
            request, _("%(name)s is retired: nothing is sent there any more.") % {"name": whole.address.name}
        )
        return redirect("addresses")
    if whole.address.retired_at is not None:
        return redirect("address", public_id)
    context = {
        "address": words.sheet(whole, _today()),
        "blocked": bool(whole.device_count or whole.order_count),
        "device_count": whole.device_count,
        "order_count": whole.order_count,
        "on_shelf": whole.on_shelf,
    }
    return render(request, "portal/address_retire.html", context)


@require_POST
@for_viewers("manage")
def address_closed(request: HttpRequest, public_id: str) -> HttpResponse:
    """Adds closed dates, or removes some (`remove`)."""
    whole = _whole(request, public_id, in_use=True)
    removed = request.POST.get("remove", "")
    if removed:
        if removed.isascii() and removed.isdigit() and len(removed) < 19:
            accounts.open_address(address=whole.address, closure_id=int(removed), actor=_actor(request))
        messages.success(request, _("These dates are open again."))
        return redirect("address", public_id)
    form = ClosureForm(request.POST)
    if not form.is_valid():
        return _show(request, whole, form)
    try:
        accounts.close_address(address=whole.address, actor=_actor(request), **form.cleaned_data)
    except Refused as refused:
        form.add_error("starts_on" if refused.code == "overlaps" else "ends_on", refused.reason)
        return _show(request, whole, form)
    messages.success(request, _("Kept: nothing is sent so that it would arrive on these days."))
    return redirect("address", public_id)
