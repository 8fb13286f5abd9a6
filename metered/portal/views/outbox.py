"""The demo's outbox: mails as they were sent, because a demo sends none."""

from __future__ import annotations

import io
import logging
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from metered.lib import keyset
from metered.notify import attachments
from metered.portal.presentation import outbox as words
from metered.portal.queries import outbox as queries

logger = logging.getLogger(__name__)

HTML_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""A mail brings its own styles and nothing else; it runs no script and is no page of ours."""


def _reader(request: HttpRequest) -> dict[str, Any]:
    """Who reads; there is no outbox outside the demo."""
    if not settings.DEMO:
        raise Http404
    user: Any = request.user
    return {"viewer": getattr(request, "viewer", None), "email": user.email, "staff": user.is_staff}


def outbox(request: HttpRequest) -> HttpResponse:
    """All mails the person may read, newest first."""
    reader = _reader(request)
    page = queries.mails(**reader, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    return render(
        request,
        "portal/outbox.html",
        {
            "rows": [words.row(row) for row in page.rows],
            **keyset.links(page.newer, page.older),
        },
    )


def message(request: HttpRequest, public_id: str) -> HttpResponse:
    """One mail: to whom, its subject and its text."""
    mail = queries.mail(**_reader(request), public_id=public_id)
    if mail is None:
        raise Http404
    context = {
        "mail": {
            "email": mail.email,
            "subject": mail.subject,
            "sent_at": mail.sent_at,
            "text": words.linked(mail.text),
            "files": words.files(mail.public_id, [file.filename for file in _files(mail)]),
        },
        "public_id": mail.public_id,
        "sent": mail.status == "sent",
        "state": words.state(mail.status),
        "has_html": bool(mail.html),
    }
    return render(request, "portal/message.html", context)


def message_html(request: HttpRequest, public_id: str) -> HttpResponse:
    """The mail as a mail program shows it, walled off from the portal."""
    mail = queries.mail(**_reader(request), public_id=public_id)
    if mail is None or not mail.html:
        raise Http404
    return HttpResponse(mail.html, headers={"Content-Security-Policy": HTML_POLICY})


def message_file(request: HttpRequest, public_id: str, number: int) -> FileResponse:
    """The mail's file of that number, from 1, made as when it was sent."""
    mail = queries.mail(**_reader(request), public_id=public_id)
    files = _files(mail) if mail is not None else []
    if not 1 <= number <= len(files):
        raise Http404
    file = files[number - 1]
    return FileResponse(
        io.BytesIO(file.content), as_attachment=True, filename=file.filename, content_type=file.mimetype
    )


def _files(mail: Any) -> list[attachments.Attachment]:
    """What went with a mail; nothing where it can't be made any more."""
    if mail.status != "sent":
        return []
    try:
        return attachments.made(mail)
    except Exception:
        logger.warning("the files of mail %s can't be made again", mail.public_id, exc_info=True)
        return []
