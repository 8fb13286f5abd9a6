"""Pages that are texts: the guide, the policies, what stands in the contract."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from metered.portal.presentation import texts as words
from metered.portal.public_forms import GuideForm
from metered.portal.queries import texts as queries
from metered.portal.shipped import GUIDE
from metered.portal.views.public import public_page


def _language() -> str:
    return get_language() or "en"


@require_safe
@public_page
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One text."""
    sheet = words.sheet(queries.text_for_system(slug, _language()))
    return render(request, "portal/text.html", {"sheet": sheet})


@require_safe
@public_page
def guide(request: HttpRequest) -> HttpResponse:
    """The chapters, or what a search found in them; htmx gets those alone."""
    form = GuideForm(request.GET)
    typed = form.wanted()["search"].strip()
    texts = queries.texts_for_system(GUIDE, _language())
    return render(
        request,
        "portal/guide.html" + ("#list" if request.htmx else ""),  # type: ignore[attr-defined]
        {
            "form": form,
            "typed": typed,
            "hits": words.search(texts, typed) if typed else [],
            "chapters": words.chapters(texts),
        },
    )


@require_safe
@public_page
def chapter(request: HttpRequest, slug: str) -> HttpResponse:
    """One chapter, with its place among the others."""
    name = f"guide-{slug}"
    if name not in GUIDE:
        raise Http404
    texts = queries.texts_for_system(GUIDE, _language())
    all_of_them = words.chapters(texts, name)
    place = GUIDE.index(name)
    return render(
        request,
        "portal/guide_chapter.html",
        {
            "sheet": words.sheet(texts[name]),
            "chapters": all_of_them,
            "before": all_of_them[place - 1] if place else None,
            "after": all_of_them[place + 1] if place + 1 < len(GUIDE) else None,
        },
    )
