"""Ordering by hand: what fits an address, the last look, and the order."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from metered.accounts.access import for_viewers, viewer_of
from metered.accounts.queries import addresses
from metered.lib.errors import Refused
from metered.orders import actions, ordering, queries
from metered.orders import ordering_words as words
from metered.orders.forms_ordering import OrderForm, PlaceForm


@for_viewers("order")
def new(request: HttpRequest) -> HttpResponse:
    """What fits an address: how many of it are there, on the way, needed, and wanted."""
    viewer, now = viewer_of(request), timezone.now()
    asked = request.POST if request.method == "POST" else request.GET
    device = ordering.device_of(viewer, asked["device"]) if asked.get("device") else None
    chosen = asked.get("address", "") or (device.address.public_id if device else "")
    if asked.get("device") and device is None:
        raise Http404
    known = list(addresses(viewer))
    address = next((row for row in known if row.public_id == chosen), None)
    if chosen and address is None:
        raise Http404
    if address is None and len(known) == 1:
        address = known[0]
    if address is None:
        return render(
            request, "orders/order_where.html", {"addresses": known, "carts": ordering.carts(viewer)}
        )
    if device is not None and device.address_id != address.pk:
        device = None
    urgent = asked.get("urgent") == "1"
    page = ordering.page(viewer, address, device, urgent=urgent, now=now)
    rows = [words.supply_row(row, page, now) for row in page.rows]
    form = OrderForm(request.POST if request.method == "POST" else None, rows=rows)
    if request.method == "POST" and form.is_valid():
        ids = {row.pool.public_id: row.pool.pk for row in page.rows}
        actor = cast(Any, request.user)
        device_id = device.pk if device else None
        actions.count_here(
            account_id=viewer.account_id,
            address_id=address.pk,
            counted={ids[pool]: units for pool, units in form.counted().items()},
            once=form.cleaned_data["once"],
            actor=actor,
        )
        actions.fill_cart(
            account_id=viewer.account_id,
            address_id=address.pk,
            user=actor,
            asked=[
                actions.Asked(ids[pool], units, device_id) for pool, units in form.asked().items() if units
            ],
            urgent=urgent,
            device_id=device_id,
        )
        return redirect(reverse("order_review") + "?" + urlencode({"address": address.public_id}))
    context = {
        "form": form,
        "rows": [(row, form[f"q-{row.pool}"], form[f"c-{row.pool}"]) for row in rows],
        "addresses": known,
        "address": address,
        "device": device,
        "urgent": urgent,
        "refused": page.refused,
        "arrival": words.arrival_text(page, now, urgent=urgent),
        "days": settings.ORDER_LIMIT_DAYS,
        "suggested": sum(row.suggested for row in rows),
    }
    return render(request, "orders/order_new.html", context, status=200)


@for_viewers("order")
def review(request: HttpRequest) -> HttpResponse:
    """The order once more, before it is placed."""
    viewer = viewer_of(request)
    address = ordering.address_of(viewer, request.GET.get("address", ""))
    if address is None:
        return redirect("order_new")
    found = ordering.review(viewer, address, timezone.now())
    if found is None:
        messages.warning(request, _("Your order for %(address)s is empty.") % {"address": address.name})
        return redirect(_new(address))
    return _shown(request, found, _place_form(None, found))


@require_POST
@for_viewers("order")
def place(request: HttpRequest) -> HttpResponse:
    """Places what the last look showed, once, however often it is sent."""
    viewer = viewer_of(request)
    address = ordering.address_of(viewer, request.POST.get("address", ""))
    if address is None:
        raise Http404
    found = ordering.review(viewer, address, timezone.now())
    # Asked after the cart was read: who finds it gone finds what came of it.
    before = queries.placed_with(viewer, request.POST.get("once", ""))
    if before:
        return _placed(request, before)
    if found is None:
        messages.warning(request, _("Your order for %(address)s is empty.") % {"address": address.name})
        return redirect(_new(address))
    if "throw" in request.POST:
        actions.empty_cart(account_id=viewer.account_id, address_id=address.pk, user=cast(Any, request.user))
        messages.success(request, _("Thrown away. Nothing was ordered."))
        return redirect("orders")
    form = _place_form(request.POST, found)
    if not form.is_valid():
        return _shown(request, found, form)
    values = form.cleaned_data
    if values["shown"] != found.shown or values["once"] != found.cart.once:
        said = _(
            "Your order was changed meanwhile, in another tab or on another device. Look at it once more."
        )
        messages.warning(request, said)
        return _shown(request, found, _place_form(None, found))
    try:
        orders = actions.order_by_hand(
            account_id=viewer.account_id,
            address_id=address.pk,
            once=found.cart.once,
            asked=[
                actions.Asked(line.pool.pk, line.quantity, line.device.pk if line.device else None)
                for line in found.lines
            ],
            actor=cast(Any, request.user),
            urgent=found.cart.urgent,
            anyway=bool(values.get("anyway")),
            reference=values["reference"],
            cost_centre=values["cost_centre"],
        )
    except Refused as refused:
        form.add_error(None, refused.reason)
        return _shown(request, found, form)
    return _placed(request, orders)


@require_POST
@for_viewers("order")
def again(request: HttpRequest, public_id: str) -> HttpResponse:
    """Puts what an order held into the cart, and says what is different now."""
    viewer = viewer_of(request)
    whole = queries.whole(viewer, public_id)
    if whole is None:
        raise Http404
    cart, told = actions.order_again(order=whole.order, user=cast(Any, request.user))
    for sentence in told:
        messages.warning(request, sentence)
    if cart is None:
        messages.error(request, _("Nothing of it can be ordered again."))
        return redirect("order", public_id)
    return redirect(reverse("order_review") + "?" + urlencode({"address": whole.order.address.public_id}))


def _new(address: Any) -> str:
    return reverse("order_new") + "?" + urlencode({"address": address.public_id})


def _place_form(data: Any, found: ordering.Review) -> PlaceForm:
    cart = found.cart
    initial = {
        "once": cart.once,
        "shown": found.shown,
        "reference": cart.reference,
        "cost_centre": cart.cost_centre,
    }
    return PlaceForm(data, asks=any(line.lately for line in found.lines), initial=initial)


def _shown(request: HttpRequest, found: ordering.Review, form: PlaceForm) -> HttpResponse:
    now, urgent = timezone.now(), found.cart.urgent
    lines = [words.review_line(line, urgent=urgent) for line in found.lines]
    change = {"address": found.cart.address.public_id} | ({"urgent": "1"} if urgent else {})
    context = {
        "title": words.review_title(found),
        "form": form,
        "lines": lines,
        "address": found.cart.address,
        "to": words.ship_to(found),
        "arrival": words.arrival_text(found, now, urgent=urgent),
        "refused": found.refused,
        "may_place": not found.refused and all(not line.bad for line in lines),
        "asks": any(line.again for line in lines),
        "change_url": reverse("order_new") + "?" + urlencode(change),
    }
    return render(request, "orders/order_review.html", context)


def _placed(request: HttpRequest, orders: Any) -> HttpResponse:
    numbers = ", ".join(order.number for order in orders)
    email = getattr(request.user, "email", "")
    messages.success(
        request,
        _("Ordered: %(numbers)s. A mail with everything is on its way to %(email)s.")
        % {"numbers": numbers, "email": email},
    )
    return redirect("order", orders[0].public_id) if len(orders) == 1 else redirect("orders")
