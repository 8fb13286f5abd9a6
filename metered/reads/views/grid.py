"""The grid of all devices whose reads are due."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from metered.accounts.access import for_viewers, viewer_of
from metered.lib import keyset, wording
from metered.lib.errors import Refused
from metered.reads import due, pages
from metered.reads.forms import WhenForm, zone_name
from metered.reads.presentation import Answer, heading, kept_message


def _once(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


@for_viewers("report")
def grid(request: HttpRequest) -> HttpResponse:
    """Type, Enter, next. Without JavaScript the whole page is sent; with it, each row when it is full."""
    viewer, now = viewer_of(request), timezone.now()
    posted = request.method == "POST"
    when = WhenForm(request.POST if posted else None)
    once = _once(request.POST.get("once", ""))
    asked = request.POST if posted else request.GET
    answers: dict[str, Answer] = {}
    failed = ""
    if posted and when.is_valid():
        try:
            answers = pages.take(
                viewer,
                request.POST,
                taken_at=when.moment(now),
                once=once,
                actor=request.user,
                now=now,
                only=request.POST.get("row", "") if request.htmx else "",  # type: ignore[attr-defined]
            )
        except Refused as refused:
            failed = refused.reason
        else:
            failed = "" if answers else _("Nothing was typed yet. Enter at least one meter.")
    elif posted:
        failed = _("Look at day and time. Nothing was kept; what you typed is still here.")
    if posted and failed:
        answers = {**pages.typed_again(request.POST), **answers}
    if request.htmx and posted:  # type: ignore[attr-defined]
        return _row(request, answers, failed)
    if posted and not failed and _tell(request, answers):
        place = {name: asked[name] for name in ("after", "before") if asked.get(name)}
        return redirect(f"{request.path}{'?' if place else ''}{_query(place)}")
    found = pages.grid(
        viewer, now, after=asked.get("after", ""), before=asked.get("before", ""), answers=answers
    )
    told = due.summary(viewer, now)
    return render(
        request,
        "reads/due.html",
        {
            "heading": heading(told, wording.local(now).date()),
            "count": told.count,
            "sections": found.sections,
            "when": when,
            "zone": zone_name(),
            "once": uuid.uuid4(),
            "failed": failed,
            "after": asked.get("after", ""),
            "before": asked.get("before", ""),
            "opens": due.OPENS_DAYS,
            **keyset.links(found.newer, found.older),
        },
    )


def _query(place: dict[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(place)


def _tell(request: HttpRequest, answers: dict[str, Answer]) -> bool:
    """Says how many were kept; whether that is all of them."""
    kept = [each.outcome for each in answers.values() if each.outcome is not None and each.outcome.read]
    if kept:
        messages.success(request, kept_message(len(kept), sum(each.waits for each in kept)))
    return len(kept) == len(answers)


def _row(request: HttpRequest, answers: dict[str, Answer], failed: str) -> HttpResponse:
    public_id = request.POST.get("row", "")
    answer = answers.get(public_id) or Answer({}, None, failed or _("Enter at least one meter."))
    if failed:
        answer = Answer(answer.texts, None, failed)
    found: Any = pages.one_row(
        viewer_of(request), public_id, answer, timezone.now(), request.POST.get("columns", "")
    )
    if found is None:
        raise Http404
    return render(request, "reads/due_row.html", {"row": found})
