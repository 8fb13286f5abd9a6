"""The API's reference, as a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from markdown_it import MarkdownIt

from metered.reads.reference import Field, Reference, reference


def description() -> dict[str, Any]:
    """The API in the words of OpenAPI 3."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    return dict(generator.get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


@cache
def _reference() -> Reference:
    # The description follows from the code alone.
    return reference(description())


_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@cache
def _html(markdown: str) -> str:
    return str(_MARKDOWN.render(markdown))


@cache
def _shapes() -> list[tuple[str, str, list[tuple[Field, str]]]]:
    """Name, meaning and members of each shape, the meanings as HTML."""
    inline = _MARKDOWN.renderInline
    return [
        (shape.name, inline(shape.about), [(item, inline(item.about)) for item in shape.fields])
        for shape in _reference().shapes
    ]


def api_docs(request: HttpRequest) -> HttpResponse:
    """What programs send and are answered, with nothing that a script would have to draw."""
    told = _reference()
    return render(
        request,
        "reads/api_docs.html",
        {
            "about": told.about,
            "operations": [(one, _html(one.about)) for one in told.operations],
            "shapes": _shapes(),
            "site_url": settings.SITE_URL,
        },
    )
