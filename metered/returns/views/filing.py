"""Filling in a return: from where, what, the last look, and filing it."""

from __future__ import annotations

import uuid
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import Viewer, for_viewers, viewer_of
from metered.accounts.announcements import label_of
from metered.accounts.queries import addresses
from metered.lib import wording
from metered.lib.errors import Refused
from metered.lib.zones import time_zone_or_none
from metered.returns import actions, form_words, policy, queries
from metered.returns.forms import ReturnForm
from metered.returns.looking_up import supplies_for_system
from metered.returns.numbers import spoken
from metered.returns.presentation import left_over
from metered.returns.sheet import weight
from metered.returns.views.recycling import ways_of


@for_viewers("order")
def new(request: HttpRequest) -> HttpResponse:
    """What goes back from an address. Buttons: look up, last look, change, file; `open`: to recycling."""
    viewer = viewer_of(request)
    asked = request.POST if request.method == "POST" else request.GET
    left = asked.get("left", "")
    chosen = asked.get("address", "") or left
    known = list(addresses(viewer))
    address = next((row for row in known if row.public_id == chosen), None)
    if chosen and address is None:
        raise Http404
    if address is None and len(known) == 1:
        address = known[0]
    if address is None:
        waiting = {row.address_id for row in queries.leftovers(viewer)}
        places = [(row, row.pk in waiting) for row in known]
        return render(request, "returns/return_where.html", {"addresses": places})
    rows = [form_words.supply_row(row) for row in queries.returnable(viewer, address)]
    if request.method != "POST":
        form = ReturnForm(
            supplies=rows, country=address.country, initial=_initial(request, address, rows, fill=bool(left))
        )
        return _form_page(request, form, rows, address, known)
    if {"look", "change", "open"} & set(request.POST):
        typed = request.POST.dict()
        form = ReturnForm(supplies=rows, country=address.country, initial=typed)
        if "open" in request.POST:
            return _open_boxes(request, form, rows, address)
        return _form_page(request, form, rows, address, known)
    form = ReturnForm(request.POST, supplies=rows, country=address.country, initial={})
    once = _once(form)
    before = queries.filed_with(viewer, once)
    if before is not None:
        messages.info(request, _("This form was filed already: here is the return."))
        return redirect("return", before.public_id)
    if not form.is_valid():
        return _form_page(request, form, rows, address, known)
    if "send" not in request.POST:
        return _last_look(request, viewer, form, address)
    try:
        made = actions.file_return(
            account_id=viewer.account_id,
            address=address,
            filled=actions.Filled(
                units=form.units,
                boxes=form.cleaned_data["boxes"],
                weight_kg=form.weight_kg(),
                contact=form.cleaned_data["contact"],
                phone=form.cleaned_data["phone"],
                note=form.cleaned_data["note"],
            ),
            once=once,
            actor=cast(Any, request.user),
        )
    except Refused as refused:
        form.add_error(None, refused.reason)
        return _form_page(request, form, rows, address, known)
    messages.success(request, _filed(made, str(getattr(request.user, "email", ""))))
    return redirect("return", made.public_id)


def _once(form: ReturnForm) -> uuid.UUID:
    """The form's own name; one that lost it still says what it says."""
    form.is_valid()
    if form.errors.pop("once", None) is not None:
        form.cleaned_data["once"] = uuid.uuid4()
    once: uuid.UUID = form.cleaned_data["once"]
    return once


def _filed(made: Any, email: str) -> str:
    values = {"email": email, "day": wording.long_day(made.due_on), "number": spoken(made.number or "")}
    if made.number:
        return (
            _("Confirmed: your number is %(number)s. A mail with everything is on its way to %(email)s.")
            % values
        )
    return _("Filed. We answer by %(day)s, by mail to %(email)s.") % values


def _initial(request: HttpRequest, address: Any, rows: Any, *, fill: bool) -> dict[str, Any]:
    """Contact and phone as the address has them; with `fill`, what is left over there."""
    current = address.current
    values: dict[str, Any] = {
        "contact": (current.contact if current else "") or str(request.user),
        "phone": current.phone if current else "",
    }
    if fill:
        values |= {f"q-{row.supply}": row.shelf_units for row in rows if row.left_over}
    return values


def _form_page(request: HttpRequest, form: ReturnForm, rows: Any, address: Any, known: Any) -> HttpResponse:
    fields = [(row, form[f"q-{row.supply}"]) for row in rows]
    return render(
        request,
        "returns/return_new.html",
        {
            "form": form,
            # What a number was typed for stays in sight, whatever the shelf holds.
            "here": [pair for pair in fields if pair[0].shelf_units or pair[1].value()],
            "gone": [pair for pair in fields if not (pair[0].shelf_units or pair[1].value())],
            "typed": form.typed_rows(),
            "address": address,
            "addresses": known,
            "filled_in": any(row.left_over for row in rows) and "left" in request.GET,
            "most_boxes": policy.MOST_BOXES,
        },
    )


def _open_boxes(request: HttpRequest, form: ReturnForm, rows: Any, address: Any) -> HttpResponse:
    """Open boxes: where they go instead. The form waits behind the page, as it was filled in."""
    numbers = [row.reorder_number for row in rows if str(form[f"q-{row.supply}"].value() or "0") != "0"]
    return render(
        request,
        "returns/recycling.html",
        {
            "ways": ways_of([*numbers, *(text for text in form.texts if text)]),
            "hidden": form.hidden(),
            "address": address,
        },
    )


def _last_look(request: HttpRequest, viewer: Viewer, form: ReturnForm, address: Any) -> HttpResponse:
    questions = queries.questions(viewer, address, form.units)
    kg = form.weight_kg()
    pallet = policy.needs_pallet(form.cleaned_data["boxes"], kg)
    zone = time_zone_or_none(address.time_zone) or timezone.get_current_timezone()
    due = policy.deadlines(timezone.now(), zone).due_on
    return render(
        request,
        "returns/return_review.html",
        {
            "form": form,
            "hidden": form.hidden(),
            "lines": form_words.review_lines(form.units, supplies_for_system(form.units), questions),
            "total": form_words.total(form.units),
            "answer": form_words.answer_text(list(questions.values()), pallet=pallet, due_on=due),
            "pallet": pallet,
            "address": address,
            "pick_up": label_of(address.current),
            "weight": weight(kg, address.country),
        },
    )


@for_viewers("order")
def none_left(request: HttpRequest, public_id: str) -> HttpResponse:
    """Nothing of it is there any more: asked once more, then counted as none."""
    found = queries.leftover(viewer_of(request), public_id)
    if found is None:
        raise Http404
    if request.method != "POST":
        (place,) = left_over([found])
        return render(
            request,
            "returns/leftover_none.html",
            {
                "place": place,
                "item": place.items[0],
                "once": uuid.uuid4().hex,
                "settled": found.state != "open",
            },
        )
    try:
        actions.none_left(
            leftover=found, once=_form_of(request.POST.get("once", "")), actor=cast(Any, request.user)
        )
    except Refused as refused:
        messages.info(request, refused.reason)
    else:
        messages.success(request, _("Thank you. It is counted as none, and nothing of it has to come back."))
    return redirect("returns")


def _form_of(once: str) -> str:
    """The name of the form; a new one for a form that lost its own."""
    try:
        return uuid.UUID(once).hex
    except ValueError:
        return uuid.uuid4().hex
