"""Pages about orders."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.lib import keyset
from metered.lib.errors import Refused
from metered.orders import actions, queries
from metered.orders.forms import HistoryForm
from metered.orders.presentation import order_row
from metered.orders.sheet import sheet


@for_viewers()
def orders(request: HttpRequest) -> HttpResponse:
    """The history, newest first, narrowed by what was asked for."""
    viewer = viewer_of(request)
    form = HistoryForm(request.GET, addresses=addresses(viewer).values_list("public_id", "name"))
    asked = form.wanted()
    wanted = queries.Wanted(**asked)
    page = queries.history(
        viewer, wanted, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    now = timezone.now()
    return render(
        request,
        "orders/order_list.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "narrowed": bool(wanted),
            "rows": [order_row(row, now) for row in page.rows],
            **keyset.links(page.newer, page.older, asked),
        },
    )


@for_viewers()
def order(request: HttpRequest, public_id: str) -> HttpResponse:
    """One order: what, why, who, when it leaves, and where it is."""
    viewer = viewer_of(request)
    whole = queries.whole(viewer, public_id)
    if whole is None:
        raise Http404
    return render(
        request,
        "orders/order_detail.html",
        {"order": sheet(whole, timezone.now()), "may_order": viewer.may("order")},
    )


@require_POST
@for_viewers("order")
def not_now(request: HttpRequest, public_id: str) -> HttpResponse:
    """Holds an announced order, or lets it go again (`undo`)."""
    whole = queries.whole(viewer_of(request), public_id)
    if whole is None:
        raise Http404
    actor = cast(Any, request.user)
    try:
        if "undo" in request.POST:
            actions.resume(order=whole.order, actor=actor)
            messages.success(request, _("%(number)s leaves shortly.") % {"number": whole.order.number})
        else:
            actions.hold(order=whole.order, actor=actor)
            messages.success(request, _("Held for a week. You can undo this any time before."))
    except Refused as refused:
        messages.error(request, refused.reason)
    return redirect("order", public_id)
