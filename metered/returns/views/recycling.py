"""Open and used supplies are recycled: where each of them goes."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from metered.returns import queries
from metered.returns.forms import RecyclingForm
from metered.returns.looking_up import named
from metered.returns.recycling import Way, ways

MOST = 40


def ways_of(texts: Iterable[str]) -> list[Way]:
    """The ways of the supplies that typed reorder numbers name."""
    supplies = {supply.pk: supply for found in named(texts).values() for supply in found}
    chosen = list(supplies.values())[:MOST]
    return ways(chosen, queries.used_in_for_system([supply.pk for supply in chosen]), settings.RECYCLING)


@require_safe
@login_not_required
def recycling(request: HttpRequest) -> HttpResponse:
    """By reorder number: which programme takes it."""
    form = RecyclingForm(request.GET)
    typed = form.wanted()["search"].strip()
    return render(
        request,
        "returns/recycling.html",
        {"form": form, "typed": typed, "ways": ways_of([typed]) if typed else []},
    )
