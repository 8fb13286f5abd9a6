"""Heavy jobs: the list, one of them, and announcing, changing and withdrawing (domain rule 23)."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer, for_viewers, viewer_of
from metered.lib import keyset
from metered.lib.errors import Refused
from metered.portal.heavy_job_forms import JobForm
from metered.portal.presentation import heavy_jobs as words
from metered.portal.presentation.device import on_the_way
from metered.portal.queries import heavy_jobs as queries
from metered.replenishment.job_actions import (
    Announced,
    announce_job,
    change_job,
    may_be_changed,
    withdraw_job,
)


@for_viewers()
def heavy_jobs(request: HttpRequest) -> HttpResponse:
    """What was announced: what is coming or runs, or what is over."""
    viewer, today = viewer_of(request), timezone.localdate()
    which = "past" if request.GET.get("which") == "past" else ""
    page = queries.page(
        viewer, which, today, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = {
        "rows": [words.row(row, today) for row in page.rows],
        "past": which == "past",
        "may_order": viewer.may("order"),
        **keyset.links(page.newer, page.older, {"which": which} if which else {}),
    }
    return render(request, "portal/heavy_job_list.html", context)


@for_viewers()
def heavy_job(request: HttpRequest, public_id: str) -> HttpResponse:
    """One job: what was announced, what it means, and what is on the way for it."""
    viewer, now, today = viewer_of(request), timezone.now(), timezone.localdate()
    job = _job(viewer, public_id)
    devices = queries.devices_of(viewer, job)
    context: dict[str, Any] = {
        "job": job,
        "state": words.state(job.starts_on, job.ends_on, job.withdrawn_at is not None, today),
        "facts": words.facts(job, today),
        "devices": devices,
        "may_change": viewer.may("order") and may_be_changed(job, today),
        "running": job.withdrawn_at is None and job.starts_on <= today <= job.ends_on,
        "may_order": viewer.may("order"),
    }
    if devices and job.withdrawn_at is None and job.ends_on >= today:
        found = queries.meaning(_announced(job, devices), now, today, instead_of=job)
        context["means"] = words.means(found, job.starts_on, job.ends_on, today, announced=True)
        context["coming"] = on_the_way(queries.on_the_way(viewer, found), now)
    return render(request, "portal/heavy_job_detail.html", context)


@for_viewers("order")
def announce(request: HttpRequest) -> HttpResponse:
    """The form, then what it means, then sending. Nothing is kept before."""
    viewer = viewer_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    known = queries.admitted(viewer)
    chosen = asked.getlist("devices") or ([asked["device"]] if asked.get("device") else [])
    at = asked.get("address", "")
    if not at and chosen:
        at = next((row.public_id for row in known if queries.chosen_devices(viewer, row, chosen)), "")
        if not at:
            raise Http404
    address = next((row for row in known if row.public_id == at), None)
    if at and address is None:
        raise Http404
    if address is None and len(known) == 1:
        address = known[0]
    if address is None:
        return render(request, "portal/heavy_job_where.html", {"addresses": known})
    initial = {"devices": chosen}
    return _form_page(request, viewer, address, initial, None)


@for_viewers("order")
def change(request: HttpRequest, public_id: str) -> HttpResponse:
    """The same form for a job that has not begun."""
    viewer, today = viewer_of(request), timezone.localdate()
    job = _job(viewer, public_id)
    if not may_be_changed(job, today) and request.method != "POST":
        messages.warning(request, _("This job has begun or was withdrawn: it can't be changed any more."))
        return redirect("heavy_job", public_id)
    initial = {
        "devices": [device.public_id for device in queries.devices_of(viewer, job)],
        "pages": job.pages,
        "colour_pages": job.colour_pages or None,
        "percent": job.coverage,
        "coverage": "percent" if job.coverage else "",
        "starts_on": job.starts_on,
        "ends_on": job.ends_on,
        "note": job.note,
        "step": job.step,
    }
    return _form_page(request, viewer, job.address, initial, job)


@for_viewers("order")
def withdraw(request: HttpRequest, public_id: str) -> HttpResponse:
    """Says what withdrawing means, then does it."""
    viewer, now, today = viewer_of(request), timezone.now(), timezone.localdate()
    job = _job(viewer, public_id)
    if request.method == "POST":
        try:
            withdraw_job(job=job, actor=cast(Any, request.user))
        except Refused as refused:
            messages.error(request, refused.reason)
        else:
            messages.success(request, _("Withdrawn. Nothing more is sent for it."))
        return redirect("heavy_job", public_id)
    if not may_be_changed(job, today):
        messages.warning(request, _("This job has begun or was withdrawn: it can't be changed any more."))
        return redirect("heavy_job", public_id)
    devices = queries.devices_of(viewer, job)
    found = queries.meaning(_announced(job, devices), now, today, instead_of=job) if devices else None
    context = {
        "job": job,
        "facts": words.facts(job, today),
        "means": words.withdrawal(found) if found else [],
    }
    return render(request, "portal/heavy_job_withdraw.html", context)


def _job(viewer: Viewer, public_id: str) -> Any:
    found = queries.job(viewer, public_id)
    if found is None:
        raise Http404
    return found


def _announced(job: Any, devices: Any) -> Announced:
    return Announced(
        devices,
        starts_on=job.starts_on,
        ends_on=job.ends_on,
        pages=job.pages,
        colour_pages=job.colour_pages,
        coverage=job.coverage,
        note=job.note,
    )


def _form_page(
    request: HttpRequest, viewer: Viewer, address: Any, initial: dict[str, Any], job: Any
) -> HttpResponse:
    """The form (also while a printer is searched for), the preview, or the page of what was sent."""
    today = timezone.localdate()
    posted = request.POST if request.method == "POST" else None
    # Typing goes on: a search, and "change" on the preview, are no attempt to send.
    going_on = posted is not None and ("find" in posted or "edit" in posted)
    chosen = posted.getlist("devices") if posted is not None else initial.get("devices", [])
    offered = queries.offered(viewer, address, chosen, posted.get("search", "") if posted else "")
    choices = [(row.public_id, _label(row)) for row in offered.devices]
    if posted is not None and going_on:
        again: dict[str, Any] = {name: posted.get(name) for name in posted} | {"devices": chosen}
        form = JobForm(None, offered=choices, today=today, initial=again)
    else:
        form = JobForm(posted, offered=choices, today=today, initial=initial)
    if posted is not None and not going_on and form.is_valid():
        done = _preview_or_send(request, viewer, address, form, job)
        if done is not None:
            return done
    context = {
        "form": form, "address": address, "job": job, "more": offered.more, "none": not offered.devices,
        "searchable": len(offered.devices) >= 8 or offered.more > 0 or bool(posted and posted.get("search")),
        "addresses": [] if job else queries.admitted(viewer),
    }  # fmt: skip
    return render(request, "portal/heavy_job_form.html", context)


def _preview_or_send(
    request: HttpRequest, viewer: Viewer, address: Any, form: JobForm, job: Any
) -> HttpResponse | None:
    """None: it was refused, and the form says why."""
    now, today = timezone.now(), timezone.localdate()
    devices = queries.chosen_devices(viewer, address, form.cleaned_data["devices"])
    announced = form.announced(devices)
    try:
        announced.check(today)
        if "send" in request.POST:
            return _send(request, form, announced, job)
    except Refused as refused:
        if refused.code == "changed":
            fresh = request.POST.copy()
            fresh["step"] = str(queries.job(viewer, job.public_id).step)  # type: ignore[union-attr]
            form.data = fresh
            said = _("%(why)s Yours is kept here; look at it and send it again to put it in its place.")
            form.add_error(None, said % {"why": refused.reason})
        else:
            form.add_error(None, refused.reason)
        return None
    found = queries.meaning(announced, now, today, instead_of=job)
    context = {
        "form": form,
        "address": address,
        "job": job,
        "facts": words.facts(announced, today),
        "devices": devices,
        "means": words.means(found, announced.starts_on, announced.ends_on, today),
        "kept": [(name, value) for name in form.fields for value in request.POST.getlist(name)],
    }
    return render(request, "portal/heavy_job_preview.html", context)


def _send(request: HttpRequest, form: JobForm, announced: Announced, job: Any) -> HttpResponse:
    once, actor = form.cleaned_data["once"], cast(Any, request.user)
    if job is None:
        made = announce_job(announced=announced, once=once, actor=actor)
        messages.success(request, _("Announced. Your colleagues who order are told by mail."))
        return redirect("heavy_job", made.public_id)
    change_job(
        job=job, announced=announced, once=once, seen=form.cleaned_data.get("step") or once, actor=actor
    )
    messages.success(request, _("Changed. Your colleagues who order are told by mail."))
    return redirect("heavy_job", job.public_id)


def _label(device: Any) -> str:
    parts = [device.label, device.place, device.serial]
    return " · ".join(part for part in parts if part)
