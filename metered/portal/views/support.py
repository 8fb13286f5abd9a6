"""Who helps, when, and what one has asked."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import keyset
from metered.portal import helpdesk
from metered.portal.presentation import messages as words
from metered.portal.presentation import texts as text_words
from metered.portal.public_forms import MessageForm
from metered.portal.queries import messages as queries
from metered.portal.queries import texts as text_queries
from metered.portal.views.public import public_page


@require_safe
@public_page
def support(request: HttpRequest) -> HttpResponse:
    """Is somebody there now? Phone, e-mail, remote help, and for the signed-in a message."""
    text = text_queries.text_for_system("support", get_language() or "en")
    return render(request, "portal/support.html", {"sheet": text_words.sheet(text)})


@require_safe
@for_viewers()
def support_messages(request: HttpRequest) -> HttpResponse:
    """What the person has asked, newest first."""
    now = timezone.now()
    page = queries.history(
        viewer_of(request), after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    return render(
        request,
        "portal/support_message_list.html",
        {"rows": [words.row(row, now) for row in page.rows], **keyset.links(page.newer, page.older)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_viewers()
def write(request: HttpRequest) -> HttpResponse:
    """A message about an order, a device (`?about=order:…`, one's own only) or anything else."""
    viewer = viewer_of(request)
    about = request.POST.get("about", "") if request.method == "POST" else request.GET.get("about", "")
    topic = queries.topic(viewer, about) if about else None
    if about and topic is None:
        raise Http404
    form = MessageForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        message = helpdesk.write_to_support(
            viewer=viewer,
            actor=cast(Any, request.user),
            text=form.cleaned_data["text"],
            once=form.cleaned_data["once"],
            topic=topic,
        )
        messages.success(request, _("Sent. We answer by e-mail, and the answer stands here as well."))
        return redirect("support_message", message.public_id)
    return render(request, "portal/support_message_form.html", {"form": form, "topic": topic})


@require_safe
@for_viewers()
def support_message(request: HttpRequest, public_id: str) -> HttpResponse:
    """One message and its answer."""
    found = queries.one(viewer_of(request), public_id)
    if found is None:
        raise Http404
    return render(request, "portal/support_message_detail.html", {"message": words.sheet(found)})
