"""Pages of the returns desk that are more than a form: counting what came, and its pictures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from metered.fleet.models import Supply
from metered.lib import wording
from metered.lib.admin import PageButton, WithButtons, actor
from metered.lib.errors import Refused
from metered.returns import actions
from metered.returns.desk_counting import CountForm, Scan, count_one, scan
from metered.returns.desk_words import arrivals
from metered.returns.models import Return, ReturnState

RECEIVABLE = (ReturnState.CONFIRMED, ReturnState.RECEIVED)
MOST_FILES = 40


def count_page(button: PageButton, desk: WithButtons, request: HttpRequest, made: Return) -> HttpResponse:
    """Scans add up in the form itself; it is compared before it is kept, and kept once."""
    if request.method != "POST":
        return _count(button, desk, request, made, CountForm(made))
    data = request.POST.copy()
    wanted = data.get("do", "scan")
    if wanted in ("scan", "pick"):
        picked = _picked(data.get("pick", ""))
        result = count_one(made, data, picked) if picked else scan(made, data, data.get("scan", ""))
        return _count(button, desk, request, made, CountForm(made, data), result=result)
    form = CountForm(made, data)
    if wanted in ("check", "keep") and form.is_valid():
        if wanted == "check":
            return _count(button, desk, request, made, form, compared=form.compared())
        try:
            return _keep(desk, request, made, form)
        except Refused as refused:
            form.add_error(None, refused.reason)
    return _count(button, desk, request, made, form, strict=wanted != "back")


def _picked(public_id: str) -> Supply | None:
    """The one that was chosen of several that a scan named."""
    return Supply.objects.filter(public_id=public_id).first() if public_id.isalnum() else None


def _count(
    button: PageButton,
    desk: WithButtons,
    request: HttpRequest,
    made: Return,
    form: CountForm,
    *,
    result: Scan | None = None,
    compared: Any = None,
    strict: bool = False,
) -> HttpResponse:
    return button.page(
        desk, request, made, form=form, result=result, compared=compared, strict=strict, extra=form.extra
    )


def _keep(desk: WithButtons, request: HttpRequest, made: Return, form: CountForm) -> HttpResponse:
    counted, values = form.counted(), form.cleaned_data
    with transaction.atomic():
        actions.receive(
            made=made,
            counted=counted,
            once=values["once"],
            boxes=values["boxes"],
            note=values["note"],
            actor=actor(request),
        )
    units = sum(item.quantity for item in counted)
    said = ngettext("Received: %(n)s unit.", "Received: %(n)s units.", units) % {"n": wording.grouped(units)}
    messages.success(request, _("%(said)s The customer is told by mail.") % {"said": said})
    return HttpResponseRedirect(desk.page_of(made))


def photo_page(button: PageButton, desk: WithButtons, request: HttpRequest, made: Return) -> HttpResponse:
    """Keeps pictures of what came; of those that it can't keep it says why, each by its name."""
    found = arrivals(made)
    if request.method == "POST":
        receipts = {arrival.receipt.public_id: arrival.receipt for arrival in found}
        receipt = receipts.get(request.POST.get("receipt", ""))
        files = request.FILES.getlist("photos")[:MOST_FILES]
        if receipt is None or not files:
            messages.error(request, _("Choose pictures to be kept."))
            return HttpResponseRedirect(request.path)
        kept = 0
        for file in files:
            try:
                actions.add_photo(receipt=receipt, content=file.read(), actor=actor(request))
                kept += 1
            except Refused as refused:
                name = {"name": str(file.name)[:60], "reason": refused.reason}
                messages.error(request, _("“%(name)s” is not kept. %(reason)s") % name)
        if kept:
            messages.success(
                request, ngettext("%(n)s picture is kept.", "%(n)s pictures are kept.", kept) % {"n": kept}
            )
        return HttpResponseRedirect(desk.page_of(made) if kept == len(files) else request.path)
    return button.page(desk, request, made, arrivals=found, latest=found[-1] if found else None)
