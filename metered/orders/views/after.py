"""What people do with an order once it stands: cancel, hold, say that it arrived, say what is wrong."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import wording
from metered.lib.errors import Refused
from metered.lib.said import said
from metered.orders import actions, queries
from metered.orders.forms_ordering import ArrivedForm, NotNowForm, ProblemForm
from metered.orders.sheet import sheet
from metered.orders.views.history import order_context


def _whole(request: HttpRequest, public_id: str) -> queries.Whole:
    whole = queries.whole(viewer_of(request), public_id)
    if whole is None:
        raise Http404
    return whole


def opening(until: dt.date, time_zone: str) -> dt.datetime:
    """When the warehouse may take it again: that morning, where the parcel goes."""
    return dt.datetime.combine(until, dt.time(6), ZoneInfo(time_zone))


def say_not_now(whole: queries.Whole, form: NotNowForm, actor: Any) -> dt.datetime:
    """Holds the chosen lines. Raises Refused."""
    values, order = form.cleaned_data, whole.order
    until = opening(values["until"], order.address.time_zone) if values.get("until") else None
    return actions.hold(order=order, actor=actor, line_ids=values["lines"], until=until)


@require_POST
@for_viewers("order")
def not_now(request: HttpRequest, public_id: str) -> HttpResponse:
    """Holds lines of an announced order, or lets them go again (`undo`)."""
    whole, now = _whole(request, public_id), timezone.now()
    actor = cast(Any, request.user)
    try:
        if "undo" in request.POST:
            actions.resume(order=whole.order, actor=actor)
            messages.success(request, _("%(number)s leaves shortly.") % {"number": whole.order.number})
            return redirect("order", public_id)
        announced = sheet(whole, now).announced_lines
        if not announced or not {"lines", "span", "until"} & set(request.POST):
            # The bare button: all of it, for a week.
            actions.hold(order=whole.order, actor=actor)
            messages.success(request, _("Held for a week. You can undo this any time before."))
            return redirect("order", public_id)
        form = NotNowForm(request.POST, lines=announced, today=timezone.localdate())
        if not form.is_valid():
            context = order_context(whole, now, may_order=True, not_now=form)
            return render(request, "orders/order_detail.html", context)
        until = say_not_now(whole, form, actor)
        day = wording.long_day(wording.local(until).date())
        messages.success(request, _("Held until %(day)s. You can undo this any time before.") % {"day": day})
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("order", public_id)


@require_POST
@for_viewers("order")
def cancel(request: HttpRequest, public_id: str) -> HttpResponse:
    """Cancels lines before they are shipped."""
    whole = _whole(request, public_id)
    actor = cast(Any, request.user)
    because = request.POST.get("because", "").strip()[:200]
    try:
        count = actions.cancel_lines(
            order=whole.order,
            line_ids=request.POST.getlist("lines"),
            because=because or said("Cancelled by %(name)s.", name=str(actor)),
            actor=actor,
        )
    except Refused as refused:
        messages.error(request, refused.reason)
    else:
        sentence = ngettext("Cancelled. One line is not sent.", "Cancelled. %(n)s lines are not sent.", count)
        messages.success(request, sentence % {"n": count})
    return redirect("order", public_id)


@require_POST
@for_viewers("order")
def arrived(request: HttpRequest, public_id: str) -> HttpResponse:
    """A parcel arrived, whole (`all`) or in part; what is missing is reported with it."""
    whole, now = _whole(request, public_id), timezone.now()
    parcels = {parcel.public_id: parcel for parcel in whole.parcels}
    parcel = parcels.get(request.POST.get("parcel", ""))
    if parcel is None:
        raise Http404
    if parcel.delivered_at is not None:
        messages.success(request, _("Thank you. We knew it already."))
        return redirect("order", public_id)
    shown = {item.public_id: item for item in sheet(whole, now).parcels}[parcel.public_id]
    form = ArrivedForm(request.POST, parcel=parcel.public_id, contents=shown.items)
    if "all" not in request.POST and not form.is_valid():
        context = order_context(whole, now, may_order=True)
        context["arrived"] = [
            (each, form if each.public_id == parcel.public_id else fresh)
            for each, fresh in context["arrived"]
        ]
        return render(request, "orders/order_detail.html", context)
    missing = actions.deliver(
        shipment=parcel,
        quantities=None if "all" in request.POST else form.quantities(),
        actor=cast(Any, request.user),
        once=None if "all" in request.POST else form.cleaned_data["once"],
    )
    if missing:
        messages.warning(
            request, _("Thank you. What did not arrive is reported to us; see below what happens with it.")
        )
    else:
        messages.success(request, _("Thank you. It is on your shelf in our books now."))
    return redirect("order", public_id)


@for_viewers("order")
def problem(request: HttpRequest, public_id: str) -> HttpResponse:
    """What is wrong with what arrived."""
    whole, now = _whole(request, public_id), timezone.now()
    shown = sheet(whole, now)
    lines = queries.reportable(whole)
    form = ProblemForm(request.POST if request.method == "POST" else None, lines=lines)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.report_problem(
                order=whole.order,
                reported=[actions.Reported(*item) for item in form.reported()],
                once=form.cleaned_data["once"],
                actor=cast(Any, request.user),
            )
        except Refused as refused:
            form.add_error(None, refused.reason)
        else:
            replaced = [item.replacement.number for item in made if item.replacement is not None]
            if replaced:
                sentence = _("Thank you. Replaced without charge: %(numbers)s is being packed.")
                messages.success(request, sentence % {"numbers": ", ".join(replaced)})
            if len(replaced) < len(made):
                messages.success(request, _("Thank you. We look at it and write to you."))
            return redirect("order", public_id)
    return render(request, "orders/order_problem.html", {"order": shown, "form": form, "lines": lines})
