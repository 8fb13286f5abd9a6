"""Shelves: what is there, counting it, and the ledger of each."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import csv_rows, keyset, wording
from metered.lib.errors import Refused
from metered.portal.presentation import stock as words
from metered.portal.queries import stock as queries
from metered.stock.actions import Kept, count_shelves
from metered.stock.forms import CountForm


@for_viewers()
def stock(request: HttpRequest) -> HttpResponse:
    """The addresses with their shelves, and which of them should be counted."""
    page = queries.places(
        viewer_of(request), after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    today = wording.local(timezone.now()).date()
    context = {
        "heading": words.places_heading(page.rows),
        "rows": [words.place_row(row, today) for row in page.rows],
        **keyset.links(page.newer, page.older),
    }
    return render(request, "portal/stock_list.html", context)


@for_viewers()
def stock_at(request: HttpRequest, public_id: str) -> HttpResponse:
    """The shelves of one address, to be read, printed or counted."""
    viewer = viewer_of(request)
    sheet = queries.sheet(viewer, public_id)
    if request.method == "POST" and not viewer.may("report"):
        raise PermissionDenied
    if sheet is None:
        raise Http404
    if request.method == "POST":
        return _count(request, sheet)
    return _show(request, sheet, _form(sheet), may_count=viewer.may("report"))


def _pools(sheet: queries.Sheet) -> dict[str, Any]:
    named = {shelf.pool.public_id: shelf.pool for shelf in sheet.shelves}
    return {
        public_id: (
            _("%(supply)s, %(number)s: counted")
            % {"supply": pool.supply.name, "number": pool.supply.reorder_number},
            pool.counted_at,
        )
        for public_id, pool in named.items()
    }


def _zone() -> str:
    return wording.local(timezone.now()).tzname() or "UTC"


def _form(sheet: queries.Sheet, data: Any = None) -> CountForm:
    return CountForm(data, pools=_pools(sheet), zone=_zone())


def _show(
    request: HttpRequest, sheet: queries.Sheet, form: CountForm, *, may_count: bool, said: str = ""
) -> HttpResponse:
    now = timezone.now()
    today = wording.local(now).date()
    found = words.groups(sheet, today)
    context = {
        "address": sheet.address,
        "heading": words.heading(sheet, today),
        "groups": [
            (group, [(row, form[f"n-{row.public_id}"], form[f"s-{row.public_id}"]) for row in group.rows])
            for group in found
        ],
        "form": form,
        "wrong": len(form.wrong()) if form.is_bound else 0,
        "said": said,
        "next_look": words.next_look(sheet, now),
        "may_count": may_count and bool(found),
        "printed": wording.stamp(now, zone=True),
    }
    return render(request, "portal/stock_count.html", context)


def _count(request: HttpRequest, sheet: queries.Sheet) -> HttpResponse:
    """Keeps the counts that can be kept; the page comes back with the others as they were typed."""
    form = _form(sheet, request.POST)
    form.is_valid()
    counted = form.counted()
    if "once" in form.errors or "at" in form.errors:
        return _show(request, sheet, form, may_count=True)
    if not counted:
        if not form.wrong():
            form.add_error(None, _("Nothing is entered yet. Enter how many of a supply are on the shelf."))
        return _show(request, sheet, form, may_count=True)
    ids = {shelf.pool.public_id: shelf.pool.pk for shelf in sheet.shelves}
    try:
        kept = count_shelves(
            account_id=sheet.address.account_id,
            address_id=sheet.address.pk,
            address_public_id=sheet.address.public_id,
            counted={ids[public_id]: units for public_id, units in counted.items()},
            seen={ids[public_id]: moment for public_id, moment in form.seen().items()},
            once=form.cleaned_data["once"].hex,
            at=form.cleaned_data["at"],
            actor=cast(Any, request.user),
        )
    except Refused as refused:
        form.add_error("at", refused.reason)
        return _show(request, sheet, form, may_count=True)
    said = _said(kept)
    if not kept.meanwhile and not form.wrong():
        messages.success(request, said)
        return redirect("stock_at", sheet.address.public_id)
    return _again(request, form, kept, said)


def _said(kept: Kept) -> str:
    if not kept.entries:
        return ""
    differ = sum(1 for entry in kept.entries.values() if entry.shelf_change)
    return words.kept_text(len(kept.entries), differ)


def _again(request: HttpRequest, form: CountForm, kept: Kept, said: str) -> HttpResponse:
    sheet = queries.sheet(viewer_of(request), str(request.resolver_match.kwargs["public_id"]))  # type: ignore[union-attr]
    if sheet is None:
        raise Http404
    by_id = {shelf.pool.pk: shelf for shelf in sheet.shelves}
    done = [by_id[pk].pool.public_id for pk in kept.entries if pk in by_id]
    rest = form.rest(done, _pools(sheet), _zone())
    for pk in kept.meanwhile:
        if pk in by_id:
            shelf = by_id[pk]
            rest.add_error(f"n-{shelf.pool.public_id}", words.meanwhile(shelf.counted))
    return _show(request, sheet, rest, may_count=True, said=said)


@for_viewers()
def stock_ledger(request: HttpRequest, public_id: str) -> HttpResponse:
    """Everything that moved one shelf, the last first."""
    found = queries.ledger(
        viewer_of(request),
        public_id,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    if found is None:
        raise Http404
    context = {
        "pool": found.pool,
        "devices": [(device.public_id, device.label) for device in found.devices],
        "rows": words.ledger_rows(found),
        "shelf": wording.grouped(found.pool.shelf),
        "on_the_way": wording.grouped(found.pool.on_the_way),
        "csv_url": reverse("stock_ledger_csv", args=[public_id]),
        **keyset.links(found.newer, found.older),
    }
    return render(request, "portal/stock_ledger.html", context)


@for_viewers()
def stock_ledger_csv(request: HttpRequest, public_id: str) -> StreamingHttpResponse:
    """The whole ledger of one shelf for a spreadsheet."""
    found = queries.ledger(viewer_of(request), public_id, whole=True)
    if found is None:
        raise Http404
    name = f"stock-{found.pool.supply.reorder_number}.csv"
    safe = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-.") else "-" for letter in name
    )
    return StreamingHttpResponse(
        csv_rows.lines([words.CSV_HEAD, *words.csv_rows(found)]),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{safe}"'},
    )
