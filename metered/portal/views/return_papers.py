"""Packing slip and labels of a return, as PDF."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from metered.accounts.access import for_viewers, viewer_of
from metered.portal.return_papers import PDF, papers_of
from metered.returns.numbers import spoken
from metered.returns.papers import Papers, labels, packing_slip
from metered.returns.queries import whole


def _paper(request: HttpRequest, public_id: str, name: str, press: Callable[[Papers], bytes]) -> HttpResponse:
    found = whole(viewer_of(request), public_id)
    papers = papers_of(found.made) if found else None
    if papers is None:
        raise Http404
    answer = HttpResponse(press(papers), content_type=PDF)
    rma = spoken(papers.rma).replace(" ", "-")
    answer["Content-Disposition"] = f'inline; filename="return-{rma}-{name}.pdf"'
    return answer


@require_safe
@for_viewers()
def slip(request: HttpRequest, public_id: str) -> HttpResponse:
    """What lies in the box."""
    return _paper(request, public_id, "packing-slip", packing_slip)


@require_safe
@for_viewers()
def label(request: HttpRequest, public_id: str) -> HttpResponse:
    """What stands on the boxes, a page for each."""
    return _paper(request, public_id, "labels", labels)
